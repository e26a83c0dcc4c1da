// The middleware of every request: its id, authentication, scopes, and the one mapper from errors to responses.

import { randomUUID } from "node:crypto";
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from "express";
import { encodeOpenaiError } from "../../api/openai/encoder.ts";
import { ServiceError, toServiceError } from "../../errors.ts";
import type { Journal, RequestTrace } from "../../journal/journal.ts";
import type { Scope } from "../../keys/caller.ts";
import type { Credentials } from "../../keys/credentials.ts";
import { requestFacts } from "./ended-request.ts";
import { callerOf, type EncodeError, localsOf, requestIdOf } from "./response-locals.ts";

/** A client's own request id is used if it is safe in a header and a log line. */
const SAFE_ID = /^[\w.:-]{1,128}$/;
/** Longer paths are shortened in error messages. */
const MAX_PATH_CHARS = 100;

export function requestId(): RequestHandler {
  return (req, res, next) => {
    const given = req.get("x-request-id");
    const id = given && SAFE_ID.test(given) ? given : randomUUID();
    localsOf(res).requestId = id;
    res.setHeader("x-request-id", id);
    res.setHeader("request-id", id); // the header that Anthropic's SDKs read
    next();
  };
}

/** Makes the trace of a request from what its headers say. */
export type TraceOf = (headers: {
  readonly method: string;
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
}) => RequestTrace;

/** @param traceOf null if no traces are sent */
export function traced(traceOf: TraceOf | null): RequestHandler {
  return (req, res, next) => {
    if (traceOf)
      localsOf(res).trace = traceOf({
        method: req.method,
        traceparent: req.get("traceparent"),
        tracestate: req.get("tracestate"),
      });
    next();
  };
}

/** While the server drains, every answer closes its connection. */
export function closeWhileDraining(isDraining: () => boolean): RequestHandler {
  return (_req, res, next) => {
    if (isDraining()) res.setHeader("connection", "close");
    next();
  };
}

/** Sets the error envelope of a path, also for errors before its handler runs. */
export function useEnvelope(encodeError: EncodeError): RequestHandler {
  return (_req, res, next) => {
    localsOf(res).encodeError = encodeError;
    next();
  };
}

/** The authentication middleware: requires an API key in one of the usual headers. Without keys it admits everyone. */
export function requireApiKey(keys: Pick<Credentials, "isOpen" | "authenticate">): RequestHandler {
  return async (req, res, next) => {
    if (keys.isOpen) return next();
    const given = keyIn(req);
    if (given === null) {
      const message = "an API key is required: Authorization: Bearer KEY";
      throw new ServiceError("invalid_api_key", message);
    }
    localsOf(res).caller = await keys.authenticate(given);
    next();
  };
}

/** The API key in the headers of a request; null without one. */
export function keyIn(req: Request): string | null {
  const [, bearer] = /^Bearer\s+(.+)$/i.exec(req.get("authorization") ?? "") ?? [];
  const given = bearer ?? req.get("x-api-key") ?? req.get("x-goog-api-key") ?? keyInQuery(req);
  return given?.trim() ?? null;
}

/** Google's examples send the key as `?key=`. Other paths do not accept it, because queries end up in logs. */
function keyInQuery({ path, query }: Request): string | undefined {
  return path.startsWith("/v1beta/") && typeof query.key === "string" ? query.key : undefined;
}

/** Admits only keys with this scope. */
export function requireScope(scope: Scope): RequestHandler {
  return (req, res, next) => {
    checkScope(res, { scope, subject: `${req.method} ${req.originalUrl.split("?")[0]}` });
    next();
  };
}

type ScopeCheck = {
  readonly scope: Scope;
  /** What requires the scope, for the error. */
  readonly subject: string;
  /** The field that does; absent if the path does. */
  readonly param?: string;
};

/** For what requires a scope in some cases only. @throws ServiceError 403 */
export function checkScope(res: Response, { scope, subject, param }: ScopeCheck): void {
  const { name, scopes } = callerOf(res);
  if (scopes.includes(scope)) return;
  const message = `${subject} requires the scope ${scope}; the key ${name} has: ${scopes.join(", ")}`;
  throw new ServiceError("permission_denied", message, { param });
}

/** Mounts a path that allows GET only. */
export function mountGet(app: Express, path: string, ...handlers: RequestHandler[]): void {
  app.get(path, ...handlers).all(path, methodNotAllowed("GET"));
}

/** Mounts paths that allow POST only. */
export function mountPost(app: Express, paths: string | string[], handler: RequestHandler): void {
  app.post(paths, handler).all(paths, methodNotAllowed("POST"));
}

/** Refuses the other methods of an existing path. */
export function methodNotAllowed(allowed: string): RequestHandler {
  return (req, res) => {
    res.setHeader("allow", allowed);
    const message = `${req.method} is not allowed on this path; use ${allowed}`;
    throw new ServiceError("method_not_allowed", message);
  };
}

/** @param paths the API's paths, for the hint in the message */
export function notFound(paths: readonly string[]): RequestHandler {
  return (req) => {
    const message = `there is no ${req.method} ${req.path.slice(0, MAX_PATH_CHARS)}; ${hintFor(req.path, paths)}`;
    throw new ServiceError("not_found", message);
  };
}

function hintFor(path: string, paths: readonly string[]): string {
  if (paths.includes(`/v1${path}`)) return "the base URL of the client must end in /v1";
  const withoutVersion = path.replace(/^\/v1(?=\/)/, "");
  if (paths.includes(withoutVersion)) return `use ${withoutVersion}`;
  return "GET / lists all paths";
}

/** Express 5 passes every thrown or rejected error here. After the headers no error can be sent. */
export function errorMapper(journal: Pick<Journal, "ended">): ErrorRequestHandler {
  return (thrown, req, res, next) => {
    const error = fromRouter(thrown) ?? toServiceError(thrown);
    const { isRecorded } = localsOf(res); // no handler has recorded a wrong key, an invalid body or an unknown path
    if (!isRecorded)
      journal.ended({
        ...requestFacts(req, res, error),
        path: req.path,
        outcome: error.code,
        work: null,
      });
    if (res.headersSent) return next(thrown);
    sendError(res, error);
  };
}

export function sendError(res: Response, error: ServiceError): void {
  const { encodeError = encodeOpenaiError } = localsOf(res);
  if (error.retryAfterSeconds !== null) res.setHeader("retry-after", error.retryAfterSeconds);
  if (error.code === "invalid_api_key") res.setHeader("www-authenticate", "Bearer");
  res.status(error.traits.status).json(encodeError(error, requestIdOf(res)));
}

/** The router throws a URIError with a status for a path that it cannot decode. */
function fromRouter(thrown: unknown): ServiceError | null {
  if (!(thrown instanceof Error) || thrown instanceof ServiceError) return null;
  const { status } = thrown as Error & { status?: number };
  if (status === undefined || status < 400 || status >= 500) return null;
  return new ServiceError("bad_request", "the request cannot be decoded", { cause: thrown });
}
