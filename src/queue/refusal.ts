// Decides whether a request may enter the queue. Pure: counts in, verdict out.

import { ServiceError } from "../errors.ts";
import type { EnterOptions } from "./admission.ts";
import type { CallerLimits, TokenBudgetState } from "./token-budgets.ts";

export type QueueState = Pick<EnterOptions, "choices" | "field" | "isFlex" | "deadlineMs"> & {
  /** Requests inside the queue, running or waiting. */
  readonly inside: number;
  readonly slots: number;
  /** Requests that may wait, in addition to running ones. */
  readonly maxWaiting: number;
  /** Replaces "every slot is busy" in the error if requests do not wait for the slots of `--slots`. */
  readonly busyWith?: string | undefined;
  /** Waiting requests of the same key; null if there is only one key, which may use all places. */
  readonly ownWaiting?: number | null;
  readonly isDraining: boolean;
  /** Longest wait for a slot; a request that has waited this long is refused. */
  readonly queueTimeoutMs: number;
  /** Expected wait at a position in ms; null before any measurement. */
  readonly waitMs: (position: number) => number | null;
  /** Expected wait of this request, which may precede others; `behind` is the last position it could get. */
  readonly newWaitMs?: (behind: number) => number | null;
};

/** Retry advice in seconds before any measurement. */
const DEFAULT_RETRY_SECONDS = 1;
/** A draining server is expected to be back, or replaced, after this time. */
const DRAIN_RETRY_SECONDS = 30;

/** Returns null if the request may enter, otherwise the reason for refusing it. */
export function findRefusal(state: QueueState): ServiceError | null {
  if (state.isDraining) {
    return new ServiceError("draining", "the server is shutting down and accepts no new requests", {
      retryAfterSeconds: DRAIN_RETRY_SECONDS,
    });
  }
  const room = state.slots + state.maxWaiting;
  if (state.choices > room) {
    const message = `the request asks for ${state.choices} answers at once; this server accepts up to ${room} (--slots plus --queue)`;
    return new ServiceError("invalid_value", message, { param: state.field });
  }
  const admitted = state.isFlex ? state.slots + Math.floor(state.maxWaiting / 2) : room;
  if (state.inside + state.choices <= admitted)
    return refuseCrowding(state, room) ?? refuseLateStart(state);
  const message = `${state.busyWith ?? `every slot is busy (--slots ${state.slots})`} and the queue is full (--queue ${state.maxWaiting}); try again later`;
  return new ServiceError("queue_full", message, { retryAfterSeconds: retryAfterSeconds(state) });
}

/** Refuses a request now if its wait would end in a timeout anyway. */
function refuseLateStart(state: QueueState): ServiceError | null {
  const { inside, choices, slots, deadlineMs, queueTimeoutMs, waitMs } = state;
  const behind = inside + choices - slots;
  const atMostMs = behind > 0 ? waitMs(behind) : null;
  const limitMs = Math.min(deadlineMs ?? Number.POSITIVE_INFINITY, queueTimeoutMs);
  if (atMostMs === null || atMostMs <= limitMs) return null;
  const waitingMs = state.newWaitMs?.(behind) ?? atMostMs;
  if (waitingMs <= limitMs) return null;
  const retryAfterSeconds = Math.max(1, Math.ceil((waitingMs - limitMs) / 1000));
  const expected = `a slot is expected in ${Math.ceil(waitingMs / 1000)} s`;
  return limitMs === deadlineMs
    ? new ServiceError("deadline_unmeetable", `${expected}, after the deadline of ${limitMs} ms`, {
        retryAfterSeconds,
      })
    : new ServiceError("queue_timeout", `${expected}, later than --queue-timeout allows`, {
        retryAfterSeconds,
      });
}

/**
 * If there are several keys, none may fill the queue: a key may have up to twice as many requests waiting as there are places
 * left. One key alone gets two thirds of the queue, two keys two fifths each, and there is always a place for the next key.
 */
function refuseCrowding(state: QueueState, room: number): ServiceError | null {
  const { ownWaiting = null, choices, inside, maxWaiting } = state;
  if (ownWaiting === null || ownWaiting + choices <= 2 * (room - inside)) return null;
  const message = `this key has ${ownWaiting} requests in the queue (--queue ${maxWaiting}); the remaining places are reserved for other keys; try again later`;
  return new ServiceError("queue_full", message, { retryAfterSeconds: retryAfterSeconds(state) });
}

export type KeyState = Pick<EnterOptions, "choices" | "field"> & {
  readonly limits: CallerLimits;
  /** Null for a key without a token limit. */
  readonly budget: TokenBudgetState | null;
  readonly inside: number;
  readonly running: number;
  /** Slots the key may hold. */
  readonly slots: number;
  readonly freeSlots: number;
  /** Expected time until one of its waiting requests gets a slot; null if unknown. */
  readonly waitMs: () => number | null;
};

/** Returns null if the key's own limits admit the request, otherwise the reason for refusing it. */
export function findKeyRefusal(state: KeyState): ServiceError | null {
  const { limits, budget, choices, inside, running, slots } = state;
  if (budget && budget.retryMs > 0) {
    return new ServiceError(
      "rate_limit_exceeded",
      `this key has used its ${budget.limit} tokens per minute; try again later`,
      { retryAfterSeconds: Math.max(1, Math.ceil(budget.retryMs / 1000)) },
    );
  }
  if (limits.waiting === null) return null;
  if (choices > slots + limits.waiting) {
    const message = `the request asks for ${choices} answers at once; this key may have ${slots} running and ${limits.waiting} waiting`;
    return new ServiceError("invalid_value", message, { param: state.field });
  }
  const startable = Math.max(0, Math.min(slots - running, state.freeSlots));
  if (inside - running + choices <= startable + limits.waiting) return null;
  return new ServiceError(
    "rate_limit_exceeded",
    `this key has ${running} running and ${inside - running} waiting requests; its limit is ` +
      `${limits.concurrent === null ? "" : `${limits.concurrent} running and `}${limits.waiting} waiting; try again later`,
    { retryAfterSeconds: Math.max(DEFAULT_RETRY_SECONDS, Math.ceil((state.waitMs() ?? 0) / 1000)) },
  );
}

/** Time until half of the queue has gone. If clients retried for the very next place, their retries would fill the queue. */
function retryAfterSeconds({ maxWaiting, waitMs }: QueueState): number {
  const ms = waitMs(Math.ceil(maxWaiting / 2) + 1);
  return ms === null ? DEFAULT_RETRY_SECONDS : Math.max(1, Math.ceil(ms / 1000));
}
