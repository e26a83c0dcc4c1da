// A buffered answer: one JSON body, sent when all choices are complete. A failure is sent by the error mapper.

import type { Response } from "express";
import type { Receipt } from "../../generation/events.ts";
import { destroyIfStuck } from "./disconnect.ts";
import type { Sink } from "./sink.ts";

export type BodySinkOptions = {
  readonly res: Response;
  /** Of the complete answer. */
  readonly receipt: () => Receipt;
  readonly stallTimeoutMs: number;
};

export function bodySink({ res, receipt, stallTimeoutMs }: BodySinkOptions): Sink {
  return {
    takesBody: true,
    begin: () => {},
    send: ([body]) => {
      if (!body) return undefined;
      res.setHeader("server-timing", serverTiming(receipt()));
      res.type("json").send(body.data);
      destroyIfStuck(res, stallTimeoutMs);
      return undefined;
    },
    end: () => {},
    fail: () => {},
    close: () => {},
  };
}

/** https://www.w3.org/TR/server-timing/ */
function serverTiming(receipt: Receipt): string {
  const parts = {
    queue: receipt.queueMs,
    prefill: receipt.prefillMs,
    first_token: receipt.firstTokenMs ?? 0,
    total: receipt.totalMs,
  };
  return Object.entries(parts)
    .map(([name, ms]) => `${name};dur=${ms.toFixed(1)}`)
    .join(", ");
}
