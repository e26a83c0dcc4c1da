// JSON bodies up to the limit. One that is too large, or that there is no memory for, is refused as soon as that can be
// known: by its length, before a byte of it is read, or where it has none, at the byte that is too much.

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
  /** Who shares the memory with others. */
  readonly ownerOf: (req: Request, res: Response) => string;
};

/** The handler, once the body is there as `req.body`. The body is held until the handler has settled. */
export type ReadJson = (handler: RequestHandler) => RequestHandler;

/** Other types are refused: a browser may send those across sites without asking. */
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
    }
  };
}

/** What its head alone tells. @throws ServiceError */
function check(req: Request, owner: string, { limitBytes, memory }: JsonBodyOptions): void {
  if (!req.is("json") && !req.is("+json")) throw notJson();
  const [, charset = "utf-8"] = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(typeOf(req)) ?? [];
  if (!/^utf-?8$/i.test(charset)) throw notUtf8();
  const length = declaredLength(req) ?? 0;
  if (length > limitBytes) throw tooLarge(limitBytes);
  memory.check(owner, length);
}

function typeOf({ headers }: Request): string {
  return headers["content-type"] ?? "";
}

/** An empty body is an object without fields: what it lacks is then named. */
async function readJson(source: BodySource, limits: BodyLimits): Promise<unknown> {
  const bytes = await readBody(source, limits);
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new ServiceError("invalid_json", `the body is not valid JSON${placeOf(error)}`);
  }
}

/** The parser's own words would quote the body. */
function placeOf(error: unknown): string {
  const [, position] = /at position (\d+)/.exec(error instanceof Error ? error.message : "") ?? [];
  return position === undefined ? "" : ` (at character ${position})`;
}

function notJson(): ServiceError {
  return new ServiceError(
    "unsupported_media_type",
    "the body must be JSON, with the header content-type: application/json",
  );
}

function notUtf8(): ServiceError {
  return new ServiceError("unsupported_media_type", "the body must be JSON in UTF-8");
}
