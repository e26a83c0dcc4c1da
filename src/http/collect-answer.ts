// An answer as one body, when it is whole.

import { ChoiceCollector } from "../generation/choice.ts";
import type { Receipt } from "../generation/events.ts";
import {
  attempts,
  destroyIfStuck,
  type Exchange,
  forEachChoice,
  makeEncoder,
  prepareAll,
  waitedMs,
} from "./exchange.ts";

/** @throws ServiceError before anything has been sent */
export async function collectAnswer(on: Exchange): Promise<void> {
  const { deps, res, record } = on;
  const prepared = await prepareAll(on);
  const collectors = prepared.map(() => new ChoiceCollector());
  await forEachChoice(on, prepared, async (each, choice) => {
    const mayRestart = () => {
      collectors[choice] = new ChoiceCollector();
      return true;
    };
    for await (const event of attempts(on, { choice, prepared: each, mayRestart }))
      collectors[choice]?.add(event);
  });
  record.queueMs = waitedMs(on);
  const { receipt } = record;
  res.setHeader("server-timing", serverTiming(receipt));
  res.json(
    makeEncoder(on).body(
      collectors.map(({ choice }) => choice),
      receipt,
    ),
  );
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
