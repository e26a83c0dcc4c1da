// How long a request may take: to its slot, to its first token, in all. What has text by then ends with what there is; what
// has none is refused.

import type { Request, Response } from "express";
import { guarded, ServiceError, toServiceError } from "../../errors.ts";
import type { Ticket } from "../../queue/ticket.ts";
import { type ClientWatch, watchClient } from "../stream/disconnect.ts";
import type { RequestRecord } from "./request-record.ts";

const HEADER = "x-deadline-ms";
/** Timers of Node end at 2^31 ms. */
const LONGEST_MS = 2_000_000_000;

/** What the client gives the request, from its arrival on; null when it says nothing. @throws ServiceError 400 */
export function deadlineOf(req: Request): number | null {
  const given = req.get(HEADER);
  if (given === undefined) return null;
  const ms = /^\d{1,10}$/.test(given) ? Number(given) : 0;
  if (ms >= 1 && ms <= LONGEST_MS) return ms;
  throw new ServiceError(
    "invalid_value",
    `${HEADER} is a whole number of milliseconds from 1 to ${LONGEST_MS}`,
    {
      param: HEADER,
    },
  );
}

/**
 * As `watchClient()`, for what has no half-done state: when the time is over it is aborted.
 * @param timeoutMs the client may give it less
 * @throws ServiceError 400 for a deadline that is none
 */
export function watchWithin(req: Request, res: Response, timeoutMs: number): ClientWatch {
  const deadlineMs = deadlineOf(req) ?? Number.POSITIVE_INFINITY;
  const client = watchClient(req, res);
  const timer = setTimeout(
    () => client.abort(overdue(deadlineMs, timeoutMs)),
    Math.min(deadlineMs, timeoutMs),
  );
  const dispose = () => {
    clearTimeout(timer);
    client.dispose();
  };
  return { ...client, dispose };
}

function overdue(deadlineMs: number, timeoutMs: number): ServiceError {
  return deadlineMs < timeoutMs
    ? new ServiceError(
        "deadline_exceeded",
        `not done within ${deadlineMs / 1000} s (X-Deadline-Ms)`,
      )
    : new ServiceError(
        "request_timeout",
        `not done within ${timeoutMs / 1000} s (--request-timeout)`,
      );
}

export type TimeLimits = {
  readonly requestTimeoutMs: number;
  readonly firstTokenTimeoutMs: number | undefined;
  readonly bufferedQueueTimeoutMs: number;
};

type Limited = {
  readonly client: ClientWatch;
  readonly record: RequestRecord;
  readonly tickets: readonly Ticket[];
  /** Whether its client has its headers only with the whole answer. */
  readonly isBuffered: boolean;
  readonly deadlineMs: number | null;
  readonly limits: TimeLimits;
};

/** @returns to be called at the request's end */
export function keepLimits({ client, record, tickets, ...limited }: Limited): () => void {
  const { requestTimeoutMs, firstTokenTimeoutMs, bufferedQueueTimeoutMs } = limited.limits;
  const timers: NodeJS.Timeout[] = [];
  const at = (ms: number | null | undefined, act: (seconds: number) => void) => {
    if (ms === null || ms === undefined) return;
    const due = guarded(
      () => act(ms / 1000),
      (error) => client.abort(toServiceError(error)),
    );
    timers.push(setTimeout(due, Math.max(0, ms - record.ageMs)));
  };
  const end = (error: ServiceError) => {
    if (record.hasText) {
      record.isCut = true;
      client.end(error);
    } else client.abort(error);
  };
  at(requestTimeoutMs, (s) =>
    end(new ServiceError("request_timeout", `not done within ${s} s (--request-timeout)`)),
  );
  at(limited.deadlineMs, (s) =>
    end(new ServiceError("deadline_exceeded", `not a token within ${s} s (X-Deadline-Ms)`)),
  );
  at(firstTokenTimeoutMs, (s) => {
    if (!record.hasText) client.abort(late(`no token within ${s} s (--first-token-timeout)`));
  });
  at(limited.isBuffered ? bufferedQueueTimeoutMs : null, (s) => {
    const hasBegun = tickets.some(({ hadTurn }) => hadTurn);
    const message = `it could not begin within ${s} s (--buffered-queue-timeout); a stream may wait longer`;
    if (!hasBegun) client.abort(late(message));
  });
  return () => timers.forEach(clearTimeout);
}

function late(message: string): ServiceError {
  return new ServiceError("queue_timeout", message, { retryAfterSeconds: 1 });
}
