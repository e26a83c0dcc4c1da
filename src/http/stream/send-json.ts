// Sends a large JSON body in pieces, so that a slow client is served and a stalled one is disconnected.

import type { Response } from "express";
import { type DrainOptions, drained } from "./frame-stream.ts";

const PIECE_BYTES = 65_536;

/** @throws ServiceError `client_stalled`, or the signal's reason, after a part of the body was sent */
export async function sendJson(res: Response, body: string, options: DrainOptions): Promise<void> {
  const bytes = Buffer.from(body);
  res.type("json").setHeader("content-length", bytes.length);
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    if (!res.write(bytes.subarray(at, at + PIECE_BYTES))) await drained(res, options);
  }
  res.end();
}
