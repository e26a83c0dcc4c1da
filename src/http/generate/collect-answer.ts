// An answer as one body, when it is whole.

import { toServiceError } from "../../errors.ts";
import { ChoiceCollector } from "../../generation/choice.ts";
import type { Receipt } from "../../generation/events.ts";
import { type Accepted, accept } from "./accept.ts";
import { destroyIfStuck, type Exchange, eventsOf, forEachChoice, waitedMs } from "./exchange.ts";
import { endKept, failAnswer } from "./keep-answer.ts";

/** @throws ServiceError before anything has been sent */
export async function collectAnswer(on: Exchange): Promise<void> {
  const accepted = await accept(on);
  const { prepared } = accepted;
  const collectors = prepared.map(() => new ChoiceCollector());
  let unfinished = prepared.length;
  try {
    await forEachChoice(accepted, prepared, async (each, choice) => {
      for await (const event of eventsOf(accepted, each, choice)) {
        collectors[choice]?.add(event);
        if (event.type === "finish") unfinished -= 1;
        // The engine may still have to clear up after it: the client need not wait for that.
        if (event.type === "finish" && unfinished === 0) send(accepted, collectors);
      }
    });
  } catch (error) {
    if (unfinished > 0) failAnswer(accepted, toServiceError(error));
    throw error;
  }
}

function send(accepted: Accepted, collectors: readonly ChoiceCollector[]): void {
  const { deps, res, record, encoder } = accepted;
  record.queueMs = waitedMs(accepted);
  record.answered();
  const { receipt } = record;
  const body = encoder.body(
    collectors.map(({ choice }) => choice),
    receipt,
  );
  endKept(accepted);
  res.setHeader("server-timing", serverTiming(receipt));
  res.json(body);
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
