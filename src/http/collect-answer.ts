// An answer as one body, when it is whole.

import type { Receipt } from "../generation/events.ts";
import { attempts, destroyIfStuck, type Exchange, makeEncoder, prepare } from "./exchange.ts";

/** @throws ServiceError before anything has been sent */
export async function collectAnswer(on: Exchange): Promise<void> {
  const { deps, res, record, ticket } = on;
  const encoder = makeEncoder(on);
  const prepared = await prepare(on);
  let text = "";
  const restart = () => {
    text = "";
    return true;
  };
  for await (const event of attempts(on, prepared, restart)) {
    if (event.type === "text-delta") {
      text += event.text;
      continue;
    }
    record.queueMs = ticket.waitedMs;
    const { receipt } = record;
    res.setHeader("server-timing", serverTiming(receipt));
    res.json(encoder.body(text, event.reason, receipt));
  }
  destroyIfStuck(res, deps.options.stallTimeoutMs);
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
