// A buffered answer: one body, sent when all choices are complete.

import { toServiceError } from "../../errors.ts";
import { ChoiceCollector } from "../../generation/choice.ts";
import type { Receipt } from "../../generation/events.ts";
import { destroyIfStuck } from "../stream/disconnect.ts";
import { type AcceptDeps, type AcceptedExchange, accept } from "./accept.ts";
import { forEachChoice } from "./choices.ts";
import type { Exchange } from "./exchange.ts";
import { endStoredAnswer, failAnswer } from "./stored-answer.ts";

/** @throws ServiceError before anything was sent */
export async function collectAnswer(
  exchange: Exchange,
  deps: AcceptDeps & { readonly stallTimeoutMs: number },
): Promise<void> {
  const accepted = await accept(exchange, deps);
  const { prepared } = accepted;
  const collectors = prepared.map(() => new ChoiceCollector());
  let unfinished = prepared.length;
  try {
    await forEachChoice(accepted, prepared, async (each, choice) => {
      for await (const event of accepted.generate(each, choice)) {
        collectors[choice]?.add(event);
        if (event.type === "finish") unfinished -= 1;
        // The body is sent before the loop ends: the engine may take a moment longer to free the slot.
        if (event.type !== "finish" || unfinished > 0) continue;
        send(accepted, collectors);
        destroyIfStuck(exchange.res, deps.stallTimeoutMs);
      }
    });
  } catch (error) {
    if (unfinished > 0) failAnswer(accepted, toServiceError(error));
    throw error;
  }
}

function send(accepted: AcceptedExchange, collectors: readonly ChoiceCollector[]): void {
  const { res, record, encoder } = accepted;
  record.answered();
  const { receipt } = record;
  const body = encoder.body(
    collectors.map(({ choice }) => choice),
    receipt,
  );
  endStoredAnswer(accepted);
  res.setHeader("server-timing", serverTiming(receipt));
  res.json(body);
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
