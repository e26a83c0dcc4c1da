// The decision whether a request may enter. Pure: counts in, verdict out.

import { ServiceError } from "../errors.ts";
import type { ShareLimits } from "./accounts.ts";
import type { AllowanceState } from "./token-allowance.ts";

export type QueueState = {
  /** Choices of the request: each takes a slot of its own. */
  readonly entering: number;
  /** Name of the request's field that makes them so many. */
  readonly field?: string | undefined;
  /** Requests inside, on a slot or waiting for one. */
  readonly inside: number;
  readonly slots: number;
  /** Requests that may wait beyond those on slots. */
  readonly maxWaiting: number;
  /** What those who wait wait for, if it is not the slots of `--slots`. */
  readonly busyWith?: string | undefined;
  /** Whether nobody waits for it: such requests have half of the waiting places, the others have all. */
  readonly isFlex?: boolean;
  /** Of the same key, inside without a slot; null where there is only one key, which has all places. */
  readonly ownWaiting?: number | null;
  readonly isDraining: boolean;
  /** What the client gives it; null for no limit of its own. */
  readonly deadlineMs: number | null;
  /** What it may wait for a slot in any case. */
  readonly queueTimeoutMs: number;
  /** Expected wait at a position in ms; null before any measurement. */
  readonly waitMs: (position: number) => number | null;
  /** Expected wait of this request, where it may come in before others; `behind` is the last place that it could have. */
  readonly newWaitMs?: (behind: number) => number | null;
};

/** Advice in seconds while nothing has been measured yet. */
const DEFAULT_RETRY_SECONDS = 1;
/** A server that drains is expected back, or replaced, after so long. */
const DRAIN_RETRY_SECONDS = 30;

/** Null when the request may enter, otherwise why not. */
export function refusal(state: QueueState): ServiceError | null {
  if (state.isDraining) {
    return new ServiceError("draining", "the server is shutting down and takes no new requests", {
      retryAfterSeconds: DRAIN_RETRY_SECONDS,
    });
  }
  const room = state.slots + state.maxWaiting;
  if (state.entering > room) {
    return new ServiceError(
      "invalid_value",
      `${state.entering} answers are asked for at once; this server holds ${room} (--slots, --queue)`,
      { param: state.field },
    );
  }
  const open = state.isFlex ? state.slots + Math.floor(state.maxWaiting / 2) : room;
  if (state.inside + state.entering <= open) return crowding(state, room) ?? hopelessness(state);
  return new ServiceError(
    "queue_full",
    `${state.busyWith ?? `every slot is busy (--slots ${state.slots})`} and the queue is full (--queue ${state.maxWaiting}); try again later`,
    { retryAfterSeconds: retryAfterSeconds(state) },
  );
}

/** It is better to hear at once than at the end of the wait that it was in vain. */
function hopelessness(state: QueueState): ServiceError | null {
  const { inside, entering, slots, deadlineMs, queueTimeoutMs, waitMs } = state;
  const behind = inside + entering - slots;
  const atMostMs = behind > 0 ? waitMs(behind) : null;
  const limitMs = Math.min(deadlineMs ?? Number.POSITIVE_INFINITY, queueTimeoutMs);
  if (atMostMs === null || atMostMs <= limitMs) return null;
  const waitingMs = state.newWaitMs?.(behind) ?? atMostMs;
  if (waitingMs <= limitMs) return null;
  const retryAfterSeconds = Math.max(1, Math.ceil((waitingMs - limitMs) / 1000));
  const wait = `a slot is expected in ${Math.ceil(waitingMs / 1000)} s`;
  return limitMs === deadlineMs
    ? new ServiceError("deadline_unmeetable", `${wait}, after the deadline of ${limitMs} ms`, {
        retryAfterSeconds,
      })
    : new ServiceError("queue_timeout", `${wait}, later than --queue-timeout allows`, {
        retryAfterSeconds,
      });
}

/**
 * Where there are several keys, none fills the queue: it may have twice as many requests waiting as there are places left.
 * One key alone comes to two thirds of the queue, two to two fifths each, and there is always a place for the next.
 */
function crowding(state: QueueState, room: number): ServiceError | null {
  const { ownWaiting = null, entering, inside, maxWaiting } = state;
  if (ownWaiting === null || ownWaiting + entering <= 2 * (room - inside)) return null;
  return new ServiceError(
    "queue_full",
    `this key has ${ownWaiting} requests in the queue (--queue ${maxWaiting}), and its last places are for other keys; try again later`,
    { retryAfterSeconds: retryAfterSeconds(state) },
  );
}

export type KeyState = {
  readonly entering: number;
  readonly field?: string | undefined;
  readonly limits: ShareLimits;
  /** Null for a key that may use as many tokens as it likes. */
  readonly allowance: AllowanceState | null;
  /** Its requests inside. */
  readonly inside: number;
  /** Of these, on slots. */
  readonly running: number;
  /** Slots that it may have. */
  readonly slots: number;
  readonly freeSlots: number;
  /** Expected time until one of its requests that wait has a slot; null while that is unknown. */
  readonly waitMs: () => number | null;
};

/** Null when the key's own limits let the request in, otherwise why not. */
export function keyRefusal(state: KeyState): ServiceError | null {
  const { limits, allowance, entering, inside, running, slots } = state;
  if (allowance && allowance.retryMs > 0) {
    return new ServiceError(
      "rate_limit_exceeded",
      `this key has used its ${allowance.limit} tokens per minute; try again later`,
      { retryAfterSeconds: Math.max(1, Math.ceil(allowance.retryMs / 1000)) },
    );
  }
  if (limits.waiting === null) return null;
  if (entering > slots + limits.waiting) {
    return new ServiceError(
      "invalid_value",
      `${entering} answers are asked for at once; this key may have ${slots} running and ${limits.waiting} waiting`,
      { param: state.field },
    );
  }
  const startable = Math.max(0, Math.min(slots - running, state.freeSlots));
  if (inside - running + entering <= startable + limits.waiting) return null;
  return new ServiceError(
    "rate_limit_exceeded",
    `this key has ${running} requests running and ${inside - running} waiting; at most ${limits.waiting} may wait` +
      `${limits.concurrent === null ? "" : `, and ${limits.concurrent} run`}; try again later`,
    { retryAfterSeconds: Math.max(DEFAULT_RETRY_SECONDS, Math.ceil((state.waitMs() ?? 0) / 1000)) },
  );
}

/** Until half of the queue has gone: coming back for the very next place would fill the queue with returners. */
function retryAfterSeconds({ maxWaiting, waitMs }: QueueState): number {
  const ms = waitMs(Math.ceil(maxWaiting / 2) + 1);
  return ms === null ? DEFAULT_RETRY_SECONDS : Math.max(1, Math.ceil(ms / 1000));
}
