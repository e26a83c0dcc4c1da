// Reads JSON bodies up to the size limit. A body that is too large or gets no memory is refused as early as possible: by its
// Content-Length before it is read, or without one at the first byte over the limit.

import type { Request, RequestHandler, Response } from "express";
import { ServiceError } from "../../errors.ts";
import type { BodyMemory } from "./body-memory.ts";
import {
  type BodyLimits,
  type BodySource,
  declaredLength,
  readBody,
  tooLarge,
} from "./body-reader.ts";

export type JsonBodyOptions = {
  readonly limitBytes: number;
  readonly memory: BodyMemory;
  /** The owner to whom the memory of the body is counted. */
  readonly ownerOf: (req: Request, res: Response) => string;
  /** Paths whose bodies are read as JSON whatever type they claim to have, as their API's own server does. */
  readonly untypedPaths: RegExp;
};

/** Wraps a handler so that it gets the parsed `req.body`. The body's memory counts until the handler has settled. */
export type ReadJson = (handler: RequestHandler) => RequestHandler;

/**
 * Refuses other content types: a browser may send some of them across origins without a preflight request. With such a request
 * it sends its origin too, which is why the guard of origins alone protects the untyped paths.
 */
export function jsonBody(options: JsonBodyOptions): ReadJson {
  return (handler) => async (req, res, next) => {
    const owner = options.ownerOf(req, res);
    check(req, owner, options);
    if (/^100-continue$/i.test(req.headers.expect ?? "")) res.writeContinue();
    const hold = options.memory.hold(owner);
    try {
      req.body = await readJson({ req, res }, { ...options, hold });
      await handler(req, res, next);
    } finally {
      hold.release();
      req.body = undefined; // what is kept of the request must not keep its body
    }
  };
}

/** Checks the headers. @throws ServiceError */
function check(req: Request, owner: string, options: JsonBodyOptions): void {
  const { limitBytes, memory, untypedPaths } = options;
  if (!untypedPaths.test(req.path)) checkType(req);
  const length = declaredLength(req) ?? 0;
  if (length > limitBytes) throw tooLarge(limitBytes);
  memory.check(owner, length);
}

/** @throws ServiceError */
function checkType(req: Request): void {
  if (!req.is("json") && !req.is("+json"))
    throw new ServiceError(
      "unsupported_media_type",
      "the body must be JSON, with the header content-type: application/json",
    );
  const [, charset = "utf-8"] =
    /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(req.get("content-type") ?? "") ?? [];
  if (!/^utf-?8$/i.test(charset))
    throw new ServiceError("unsupported_media_type", "the body must be JSON in UTF-8");
}

/** An empty body counts as `{}`, so that the error names the missing field. */
async function readJson(source: BodySource, limits: BodyLimits): Promise<unknown> {
  const bytes = await readBody(source, limits);
  if (bytes.length === 0) return {};
  const text = decode(bytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ServiceError("invalid_json", `the body is not valid JSON${positionIn(error)}`);
  }
}

/** Skips a byte order mark. @throws ServiceError 400; replacement characters would change the client's text in silence */
function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    const message = "the body is not valid UTF-8; JSON must be sent in UTF-8";
    throw new ServiceError("invalid_json", message, { cause: error });
  }
}

/** Only the position: the parser's message would quote the body. */
function positionIn(error: unknown): string {
  const [, position] = /at position (\d+)/.exec(error instanceof Error ? error.message : "") ?? [];
  return position === undefined ? "" : ` (at character ${position})`;
}
