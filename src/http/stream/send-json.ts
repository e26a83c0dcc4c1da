// Sends a large JSON body in pieces, so that a slow client is served and a stalled one is disconnected.

import { once } from "node:events";
import type { Response } from "express";
import { abortReason } from "../../errors.ts";
import { stalled } from "./frame-stream.ts";

const PIECE_BYTES = 65_536;

type SendOptions = { readonly signal: AbortSignal; readonly stallTimeoutMs: number };

/** @throws ServiceError `client_stalled`, or the signal's reason, after a part of the body was sent */
export async function sendJson(res: Response, body: string, options: SendOptions): Promise<void> {
  const bytes = Buffer.from(body);
  res.type("json").setHeader("content-length", bytes.length);
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    if (!res.write(bytes.subarray(at, at + PIECE_BYTES))) await drained(res, options);
  }
  res.end();
}

async function drained(res: Response, { signal, stallTimeoutMs }: SendOptions): Promise<void> {
  const stall = new AbortController();
  const timer = setTimeout(() => stall.abort(stalled(stallTimeoutMs)), stallTimeoutMs);
  const stop = AbortSignal.any([signal, stall.signal]);
  try {
    await once(res, "drain", { signal: stop });
  } catch (error) {
    throw stop.aborted ? abortReason(stop) : error;
  } finally {
    clearTimeout(timer);
  }
}
