// JSON bodies up to the limit. One that is too large is refused as soon as that can be known: by its length, before a byte
// of it is read, or where it has none, at the byte that is too much.

import type { RequestHandler } from "express";
import express from "express";
import { ServiceError } from "../errors.ts";

/** Other types are refused: a browser may send those across sites without asking. */
export function jsonBody(limitBytes: number): RequestHandler {
  const parse = express.json({ limit: limitBytes, strict: false, type: () => true });
  return (req, res, next) => {
    if (!req.is("json") && !req.is("+json")) throw notJson();
    if (Number(req.headers["content-length"]) > limitBytes) throw tooLarge(limitBytes);
    if (/^100-continue$/i.test(req.headers.expect ?? "")) res.writeContinue();
    let readBytes = 0;
    const onData = ({ length }: Buffer) => {
      readBytes += length;
      if (readBytes > limitBytes) answer(tooLarge(limitBytes));
    };
    const answer = (error?: unknown) => {
      if (hasAnswered) return;
      hasAnswered = true;
      req.off("data", onData);
      next(error);
    };
    let hasAnswered = false;
    req.on("data", onData);
    parse(req, res, answer); // of a body that is too large, it would read all before it says so
  };
}

function notJson(): ServiceError {
  return new ServiceError(
    "unsupported_media_type",
    "the body must be JSON, with the header content-type: application/json",
  );
}

/** Also of a body that is small until it is unpacked. */
export function tooLarge(limitBytes: number | undefined): ServiceError {
  const message = `the body is larger than ${limitBytes} bytes (--body-limit)`;
  return new ServiceError("body_too_large", message);
}
