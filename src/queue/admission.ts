// The decision whether a request may enter. Pure: counts in, verdict out.

import { ServiceError } from "../errors.ts";

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
  readonly isDraining: boolean;
  /** What the client gives it; null for no limit of its own. */
  readonly deadlineMs: number | null;
  /** What it may wait for a slot in any case. */
  readonly queueTimeoutMs: number;
  /** Expected wait at a position in ms; null before any measurement. */
  readonly waitMs: (position: number) => number | null;
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
  if (state.inside + state.entering <= open) return hopelessness(state);
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
  const waitingMs = behind > 0 ? waitMs(behind) : null;
  const limitMs = Math.min(deadlineMs ?? Number.POSITIVE_INFINITY, queueTimeoutMs);
  if (waitingMs === null || waitingMs <= limitMs) return null;
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

/** Until half of the queue has gone: coming back for the very next place would fill the queue with returners. */
function retryAfterSeconds({ maxWaiting, waitMs }: QueueState): number {
  const ms = waitMs(Math.ceil(maxWaiting / 2) + 1);
  return ms === null ? DEFAULT_RETRY_SECONDS : Math.max(1, Math.ceil(ms / 1000));
}
