// The state that middleware leaves on a response for the handlers after it. Nothing else reads or writes `res.locals`.

import type { Response } from "express";
import type { ServiceError } from "../../errors.ts";
import type { RequestTrace } from "../../journal/journal.ts";
import { ANONYMOUS, type Caller } from "../../keys/caller.ts";
import type { StreamFormat } from "../stream/stream-format.ts";

/** Builds the error body of one API. */
export type EncodeError = (error: ServiceError, requestId: string) => object;

export type ResponseLocals = {
  requestId?: string;
  /** Set when traces are sent. */
  trace?: RequestTrace;
  /** Set by the authentication middleware when the server has keys. */
  caller?: Caller;
  /** The error envelope of the requested path; OpenAI's when it is not set. */
  encodeError?: EncodeError;
  /** The format of streams on a response that is no HTTP response; absent on others. */
  streamFormat?: StreamFormat;
  /** The model that a request of an administrator names in its body, for the audit. */
  modelAsked?: string;
  /** Whether the handler logs and counts the request itself, however it ends. */
  isRecorded?: boolean;
};

export function localsOf(res: Response): ResponseLocals {
  return res.locals;
}

/** The first middleware sets it for every request. */
export function requestIdOf(res: Response): string {
  return localsOf(res).requestId ?? "";
}

export function callerOf(res: Response): Caller {
  return localsOf(res).caller ?? ANONYMOUS;
}

/** The owner of what the server keeps for the caller: its key, or without keys one owner for all callers. */
export function ownerOf(res: Response): string {
  return callerOf(res).owner;
}

/** Whether the caller may see the names, usage and request ids of other keys. */
export function seesAll(res: Response): boolean {
  return callerOf(res).scopes.includes("admin");
}
