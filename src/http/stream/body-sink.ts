// A buffered answer: one JSON body, sent when all choices are complete. A failure is sent by the error mapper.

import type { Response } from "express";
import type { Receipt } from "../../generation/events.ts";
import type { Sink } from "./sink.ts";

/** @param receipt returns that of the complete answer */
export function bodySink(res: Response, receipt: () => Receipt): Sink {
  return {
    takesBody: true,
    begin: () => {},
    send: ([body]) => {
      if (!body) return undefined;
      res.setHeader("server-timing", serverTiming(receipt()));
      res.type("json").send(body.data);
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
