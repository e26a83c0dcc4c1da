// The time limits of a request: to its slot, to its first token, in total. At the total limit an answer ends with the text
// it has; without any text the request fails.

import type { Request, Response } from "express";
import { invalidValue } from "../../api/shared/refusals.ts";
import { guarded, ServiceError, toServiceError } from "../../errors.ts";
import { type ClientWatch, type RequestEnds, watchClient } from "../stream/disconnect.ts";
import type { Exchange } from "./exchange.ts";

const HEADER = "x-deadline-ms";
/** Node's timers cannot wait longer than 2^31 ms. */
const MAX_MS = 2_000_000_000;

/** The client's own limit, counted from the arrival; null without the header. @throws ServiceError 400 */
export function deadlineOf(req: Request): number | null {
  const given = req.get(HEADER);
  if (given === undefined) return null;
  const ms = /^\d{1,10}$/.test(given) ? Number(given) : 0;
  if (ms >= 1 && ms <= MAX_MS) return ms;
  throw invalidValue(HEADER, `must be a whole number of milliseconds from 1 to ${MAX_MS}`);
}

/**
 * Same as `watchClient()`, but for work without a partial answer: at the limit it is aborted.
 * @param timeoutMs the server's limit; the client's own may be shorter
 * @throws ServiceError 400 for an invalid deadline
 */
export function watchWithin(req: Request, res: Response, timeoutMs: number): ClientWatch {
  const deadlineMs = deadlineOf(req);
  const client = watchClient(req, res);
  const clearLimit = abortWithin(client, { deadlineMs, timeoutMs });
  const dispose = () => {
    clearLimit();
    client.dispose();
  };
  return { ...client, dispose };
}

type WholeLimits = {
  /** The client's own limit; null for none. */
  readonly deadlineMs: number | null;
  /** The server's. */
  readonly timeoutMs: number;
};

/** Aborts the request at the sooner of the two limits. @returns a function that removes the limit */
export function abortWithin(
  client: Pick<ClientWatch, "abort">,
  { deadlineMs, timeoutMs }: WholeLimits,
): () => void {
  const ownMs = deadlineMs ?? Number.POSITIVE_INFINITY;
  const atLimit = () => client.abort(overdue(ownMs, timeoutMs));
  const timer = setTimeout(atLimit, Math.min(ownMs, timeoutMs));
  return () => clearTimeout(timer);
}

function overdue(deadlineMs: number, timeoutMs: number): ServiceError {
  return deadlineMs < timeoutMs
    ? new ServiceError("deadline_exceeded", unfinished(deadlineMs / 1000, "X-Deadline-Ms"))
    : new ServiceError("request_timeout", unfinished(timeoutMs / 1000, "--request-timeout"));
}

function unfinished(seconds: number, limit: string): string {
  return `the request did not finish within ${seconds} s (${limit})`;
}

export type TimeLimits = {
  readonly requestTimeoutMs: number;
  readonly firstTokenTimeoutMs: number | undefined;
  readonly bufferedQueueTimeoutMs: number;
};

type LimitedRequest = Pick<Exchange, "record" | "admission" | "parsed"> & {
  readonly client: Pick<RequestEnds, "abort" | "end">;
};

type LimitOptions = TimeLimits & {
  /** The client's own limit; null for none. */
  readonly deadlineMs: number | null;
  /** No limit ends the request earlier from now on. Default: 0. */
  readonly graceMs?: number;
};

/** @returns a function to call when the request ends */
export function keepLimits(
  { client, record, admission, parsed }: LimitedRequest,
  { graceMs = 0, ...limits }: LimitOptions,
): () => void {
  /** Whether the client gets no headers before the complete answer. */
  const isBuffered = !parsed.isStreamed && !parsed.storing?.isBackground;
  const timers: NodeJS.Timeout[] = [];
  const at = (ms: number | null | undefined, act: (seconds: number) => void) => {
    if (ms === null || ms === undefined) return;
    const due = guarded(
      () => act(ms / 1000),
      (error) => client.abort(toServiceError(error)),
    );
    timers.push(setTimeout(due, Math.max(graceMs, ms - record.ageMs)));
  };
  const end = (error: ServiceError) => {
    if (record.hasText) {
      record.isCut = true;
      client.end(error);
    } else client.abort(error);
  };
  at(limits.requestTimeoutMs, (s) =>
    end(new ServiceError("request_timeout", unfinished(s, "--request-timeout"))),
  );
  at(limits.deadlineMs, (s) =>
    end(
      new ServiceError("deadline_exceeded", `no token was generated within ${s} s (X-Deadline-Ms)`),
    ),
  );
  at(limits.firstTokenTimeoutMs, (s) => {
    if (!record.hasText)
      client.abort(late(`no token was generated within ${s} s (--first-token-timeout)`));
  });
  at(isBuffered ? limits.bufferedQueueTimeoutMs : null, (s) => {
    const message = `no slot was free within ${s} s (--buffered-queue-timeout); a streamed request may wait longer`;
    if (!admission.hadTurn) client.abort(late(message));
  });
  return () => timers.forEach(clearTimeout);
}

function late(message: string): ServiceError {
  return new ServiceError("queue_timeout", message, { retryAfterSeconds: 1 });
}
