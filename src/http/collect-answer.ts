// An answer as one body, when it is whole.

import { toServiceError } from "../errors.ts";
import { type Choice, ChoiceCollector } from "../generation/choice.ts";
import type { Receipt } from "../generation/events.ts";
import { type Accepted, accept } from "./accept.ts";
import { destroyIfStuck, type Exchange, eventsOf, forEachChoice, waitedMs } from "./exchange.ts";
import { endKept, failAnswer } from "./keep-answer.ts";

/** @throws ServiceError before anything has been sent */
export async function collectAnswer(on: Exchange): Promise<void> {
  const { deps, res, record } = on;
  const accepted = await accept(on);
  const choices = await collectChoices(accepted);
  record.queueMs = waitedMs(on);
  const { receipt } = record;
  const body = accepted.encoder.body(choices, receipt);
  endKept(accepted);
  res.setHeader("server-timing", serverTiming(receipt));
  res.json(body);
  destroyIfStuck(res, deps.options.stallTimeoutMs);
}

async function collectChoices(accepted: Accepted): Promise<readonly Choice[]> {
  const { prepared } = accepted;
  const collectors = prepared.map(() => new ChoiceCollector());
  try {
    await forEachChoice(accepted, prepared, async (each, choice) => {
      for await (const event of eventsOf(accepted, each, choice)) collectors[choice]?.add(event);
    });
  } catch (error) {
    failAnswer(accepted, toServiceError(error));
    throw error;
  }
  return collectors.map(({ choice }) => choice);
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
