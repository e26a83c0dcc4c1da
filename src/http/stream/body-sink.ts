// A buffered answer: one JSON body, sent when all choices are complete. A failure is sent by the error mapper.

import type { Response } from "express";
import { type CacheMiss, placeOfChange } from "../../generation/cache-miss.ts";
import type { Receipt } from "../../generation/events.ts";
import type { Sink } from "./sink.ts";

/** @param receipt returns that of the complete answer */
export function bodySink(res: Response, receipt: () => Receipt): Sink {
  return {
    takesBody: true,
    begin: () => {},
    send: ([body]) => {
      if (!body) return undefined;
      const complete = receipt();
      res.setHeader("server-timing", serverTiming(complete));
      if (complete.cacheMiss) res.setHeader("x-cache-miss", missHeader(complete.cacheMiss));
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

/** For example `prefix_changed; missed=5120; token=448; in="messages[3]"`. */
function missHeader({ reason, missedTokens, sharedTokens, change }: CacheMiss): string {
  const place = change ? `; in="${placeOfChange(change)}"` : "";
  return `${reason}; missed=${missedTokens}; token=${sharedTokens}${place}`;
}
