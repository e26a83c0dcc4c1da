// Decides whether a request may enter the queue. Pure: counts in, verdict out.

import { ServiceError } from "../errors.ts";
import type { KeyLimits } from "../generation/caller.ts";
import type { EnterOptions } from "./admission.ts";
import { retrySeconds } from "./service-rate.ts";
import type { UsedUpBudget } from "./token-budgets.ts";

export type QueueState = Pick<EnterOptions, "choices" | "field" | "isFlex" | "deadlineMs"> & {
  /** Requests of the same model inside the queue, running or waiting. */
  readonly inside: number;
  /** Waiting requests of other models. Default: 0. */
  readonly waitingElsewhere?: number;
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
  const mostChoices = Math.max(1, state.slots) + state.maxWaiting; // one is never too many, also while there are no slots
  if (state.choices > mostChoices) {
    const message = `the request asks for ${state.choices} answers at once; this server accepts up to ${mostChoices} (--slots plus --queue)`;
    return new ServiceError("invalid_value", message, { field: state.field });
  }
  const admitted = state.isFlex ? state.slots + Math.floor(state.maxWaiting / 2) : room;
  if (state.inside + (state.waitingElsewhere ?? 0) + state.choices <= admitted)
    return refuseCrowding(state, room) ?? refuseLateStart(state);
  const busy = state.busyWith ?? `every slot is busy (--slots ${state.slots})`;
  return queueFull(state, `${busy} and the queue is full (--queue ${state.maxWaiting})`);
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
  const isDeadline = limitMs === deadlineMs;
  const late = isDeadline
    ? `after the deadline of ${limitMs} ms`
    : "later than --queue-timeout allows";
  return new ServiceError(
    isDeadline ? "deadline_unmeetable" : "queue_timeout",
    `a slot is expected in ${Math.ceil(waitingMs / 1000)} s, ${late}`,
    { retryAfterSeconds: retrySeconds(waitingMs - limitMs) },
  );
}

/**
 * If there are several keys, none may fill the queue: a key may have up to twice as many requests waiting as there are places
 * left. One key alone gets two thirds of the queue, two keys two fifths each, and there is always a place for the next key.
 */
function refuseCrowding(state: QueueState, room: number): ServiceError | null {
  const { ownWaiting = null, choices, inside, waitingElsewhere = 0, maxWaiting } = state;
  const left = room - inside - waitingElsewhere;
  if (ownWaiting === null || ownWaiting + choices <= 2 * left) return null;
  const own = `this key has ${ownWaiting} requests in the queue (--queue ${maxWaiting})`;
  return queueFull(state, `${own}; the remaining places are reserved for other keys`);
}

/** The client is to retry when half of the queue has gone. If all retried for the very next place, they would fill the queue. */
function queueFull({ maxWaiting, waitMs }: QueueState, reason: string): ServiceError {
  const retryAfterSeconds = retrySeconds(waitMs(Math.ceil(maxWaiting / 2) + 1));
  return new ServiceError("queue_full", `${reason}; try again later`, { retryAfterSeconds });
}

export type KeyState = Pick<EnterOptions, "choices" | "field"> & {
  readonly limits: KeyLimits;
  /** A budget of tokens of which nothing is left. */
  readonly usedUp: UsedUpBudget | null;
  readonly inside: number;
  readonly running: number;
  /** Slots the key may hold. */
  readonly slots: number;
  /** Slots that the key could take now. */
  readonly startable: number;
  /** Expected time until one of its waiting requests gets a slot; null if unknown. */
  readonly waitMs: () => number | null;
};

/** Returns null if the key's own limits admit the request, otherwise the reason for refusing it. */
export function findKeyRefusal(state: KeyState): ServiceError | null {
  const { limits, usedUp, choices, inside, running, slots, startable } = state;
  if (usedUp) return noTokens(usedUp);
  if (limits.waiting === null) return null;
  if (choices > Math.max(1, slots) + limits.waiting) {
    const message = `the request asks for ${choices} answers at once; this key may have ${slots} running and ${limits.waiting} waiting`;
    return new ServiceError("invalid_value", message, { field: state.field });
  }
  if (inside - running + choices <= startable + limits.waiting) return null;
  const concurrent = limits.concurrent === null ? "" : `${limits.concurrent} running and `;
  const own = `this key has ${running} running and ${inside - running} waiting requests`;
  const message = `${own}; its limit is ${concurrent}${limits.waiting} waiting`;
  return limitReached(message, state.waitMs());
}

function noTokens({ period, limit, retryMs, subject }: UsedUpBudget): ServiceError {
  const used = `${subject} has used its ${limit} tokens per ${period}`;
  if (period === "minute") return limitReached(used, retryMs);
  return new ServiceError(
    "rate_limit_exceeded",
    `${used}; the next ${period} begins at 00:00 UTC`,
    { retryAfterSeconds: retrySeconds(retryMs) },
  );
}

function limitReached(reason: string, retryMs: number | null): ServiceError {
  const retryAfterSeconds = retrySeconds(retryMs);
  return new ServiceError("rate_limit_exceeded", `${reason}; try again later`, {
    retryAfterSeconds,
  });
}
