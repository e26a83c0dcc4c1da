// Around every request: its id, the API key, and the one mapper from errors to responses.

import { randomUUID } from "node:crypto";
import type { ErrorRequestHandler, Request, RequestHandler, Response } from "express";
import type { Logger } from "pino";
import { encodeOpenaiError } from "../../api/openai/encoder.ts";
import { ServiceError, stackOf, toServiceError } from "../../errors.ts";
import { ANONYMOUS, type Caller, type Scope } from "../../keys/caller.ts";
import type { KeyRing } from "../../keys/key-ring.ts";
import type { Metrics } from "../../metrics.ts";

/** The error envelope of the dialect whose path was asked for; OpenAI's elsewhere. */
type EncodeError = (error: ServiceError, requestId: string) => object;

/** A client's own id is kept if it is harmless in a header and a log line. */
const SAFE_ID = /^[\w.:-]{1,128}$/;
/** A path that nobody has comes back in its error, but not however long it is. */
const LONGEST_PATH = 100;

export function requestId(): RequestHandler {
  return (req, res, next) => {
    const given = req.get("x-request-id");
    const id = given && SAFE_ID.test(given) ? given : randomUUID();
    res.setHeader("x-request-id", id);
    res.setHeader("request-id", id); // the name that Anthropic's SDKs read
    next();
  };
}

export function requestIdOf(res: Response): string {
  return String(res.getHeader("x-request-id"));
}

/** Answers while the server drains are the last on their connection. */
export function closeWhileDraining(isDraining: () => boolean): RequestHandler {
  return (_req, res, next) => {
    if (isDraining()) res.setHeader("connection", "close");
    next();
  };
}

/** Sets the envelope for errors of this path, also for those that happen before its handler runs. */
export function useEnvelope(encodeError: EncodeError): RequestHandler {
  return (_req, res, next) => {
    res.locals.encodeError = encodeError;
    next();
  };
}

/** Asks for one of the keys, in one of the places where SDKs have it. Without keys everybody may enter. */
export function requireApiKey(keys: Pick<KeyRing, "isOpen" | "find">): RequestHandler {
  return (req, res, next) => {
    if (keys.isOpen) return next();
    const given = keyIn(req);
    if (given === null) {
      throw new ServiceError(
        "invalid_api_key",
        "an API key is required: Authorization: Bearer KEY",
      );
    }
    const caller = keys.find(given);
    if (!caller) throw new ServiceError("invalid_api_key", "this API key is not known here");
    res.locals.caller = caller;
    res.locals.owner = caller.owner;
    next();
  };
}

/** The key that a request brings; null without one. */
export function keyIn(req: Request): string | null {
  const [, bearer] = /^Bearer\s+(.+)$/i.exec(req.get("authorization") ?? "") ?? [];
  const given = bearer ?? req.get("x-api-key") ?? req.get("x-goog-api-key") ?? keyInQuery(req);
  return given?.trim() ?? null;
}

/** As Google's own examples have it, and nobody else: a query ends up in logs. */
function keyInQuery({ path, query }: Request): string | undefined {
  return path.startsWith("/v1beta/") && typeof query.key === "string" ? query.key : undefined;
}

/** Lets only keys in that may do this. */
export function requireScope(scope: Scope): RequestHandler {
  return (req, res, next) => {
    const { name, scopes } = callerOf(res);
    if (scopes.includes(scope)) return next();
    throw new ServiceError(
      "permission_denied",
      `${req.method} ${req.originalUrl.split("?")[0]} wants the scope ${scope}; the key ${name} has: ${scopes.join(", ")}`,
    );
  };
}

/** Who calls, and what it may do. */
export function callerOf(res: Response): Caller {
  return (res.locals.caller as Caller | undefined) ?? ANONYMOUS; // set above, and nowhere else
}

/** Whose what is kept for later is: the key's; without keys it is everybody's. */
export function ownerOf(res: Response): string {
  return String(res.locals.owner ?? ANONYMOUS.owner);
}

/** Whether a caller is shown what concerns other keys too: their names, their usage, the ids of their requests. */
export function seesAll(res: Response): boolean {
  return callerOf(res).scopes.includes("admin");
}

/** For paths that exist, with a method that does not. */
export function methodNotAllowed(allowed: string): RequestHandler {
  return (req, res) => {
    res.setHeader("allow", allowed);
    throw new ServiceError(
      "method_not_allowed",
      `${req.method} is not possible here; use ${allowed}`,
    );
  };
}

/** @param paths those of the API */
export function notFound(paths: readonly string[]): RequestHandler {
  return (req) => {
    throw new ServiceError(
      "not_found",
      `there is no ${req.method} ${req.path.slice(0, LONGEST_PATH)} here; ${hintFor(req.path, paths)}`,
    );
  };
}

function hintFor(path: string, paths: readonly string[]): string {
  if (paths.includes(`/v1${path}`)) return "the base URL of a client ends in /v1";
  const withoutVersion = path.replace(/^\/v1(?=\/)/, "");
  if (paths.includes(withoutVersion)) return `it is at ${withoutVersion}`;
  return "GET / lists what there is";
}

/** Express 5 brings every thrown or rejected error here. After the headers there is nothing left to say. */
export function errorMapper(log: Logger, metrics: Metrics): ErrorRequestHandler {
  return (thrown, req, res, next) => {
    const error = fromRouter(thrown) ?? toServiceError(thrown);
    if (!res.locals.isRecorded) recordRefusal({ log, metrics, req, res, error });
    if (res.headersSent) return next(thrown);
    sendError(res, error);
  };
}

type Refusal = {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly req: Request;
  readonly res: Response;
  readonly error: ServiceError;
};

/** What never reached a dialect's handler: wrong keys, unreadable bodies, unknown paths. */
function recordRefusal({ log, metrics, req, res, error }: Refusal): void {
  const { code, message, traits } = error;
  metrics.requestEnded(code, null);
  const line = { requestId: requestIdOf(res), path: req.path, outcome: code };
  if (code === "internal_error") log.error({ ...line, stack: stackOf(error.cause) }, "bug");
  else if (traits.status === 500) log.error({ ...line, reason: message }, "request");
  else if (traits.status > 500) log.warn({ ...line, reason: message }, "request");
  else if (traits.status === 403)
    log.info({ ...line, reason: message }, "request"); // it names the flag
  else log.info(line, "request");
}

export function sendError(res: Response, error: ServiceError): void {
  const encodeError = (res.locals.encodeError as EncodeError | undefined) ?? encodeOpenaiError;
  if (error.retryAfterSeconds !== null) res.setHeader("retry-after", error.retryAfterSeconds);
  if (error.code === "invalid_api_key") res.setHeader("www-authenticate", "Bearer");
  res.status(error.traits.status).json(encodeError(error, requestIdOf(res)));
}

/** What the router throws of a path that it cannot decode: a URIError with a status. */
function fromRouter(thrown: unknown): ServiceError | null {
  if (!(thrown instanceof Error) || thrown instanceof ServiceError) return null;
  const { status } = thrown as Error & { status?: number };
  if (status === undefined || status < 400 || status >= 500) return null;
  return new ServiceError("bad_request", "the request cannot be read", { cause: thrown });
}
