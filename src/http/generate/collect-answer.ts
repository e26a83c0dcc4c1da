// An answer as one body, when it is whole.

import { toServiceError } from "../../errors.ts";
import { ChoiceCollector } from "../../generation/choice.ts";
import type { Receipt } from "../../generation/events.ts";
import { destroyIfStuck } from "../stream/disconnect.ts";
import { type AcceptDeps, type Accepted, accept } from "./accept.ts";
import { forEachChoice } from "./choices.ts";
import type { Exchange } from "./exchange.ts";
import { endKept, failAnswer } from "./keep-answer.ts";
import { waitedMs } from "./wait-status.ts";

/** @throws ServiceError before anything has been sent */
export async function collectAnswer(
  on: Exchange,
  deps: AcceptDeps & { readonly stallTimeoutMs: number },
): Promise<void> {
  const accepted = await accept(on, deps);
  const { prepared } = accepted;
  const collectors = prepared.map(() => new ChoiceCollector());
  let unfinished = prepared.length;
  try {
    await forEachChoice(accepted, prepared, async (each, choice) => {
      for await (const event of accepted.generate(each, choice)) {
        collectors[choice]?.add(event);
        if (event.type === "finish") unfinished -= 1;
        // The engine may still have to clear up after it: the client need not wait for that.
        if (event.type !== "finish" || unfinished > 0) continue;
        send(accepted, collectors);
        destroyIfStuck(on.res, deps.stallTimeoutMs);
      }
    });
  } catch (error) {
    if (unfinished > 0) failAnswer(accepted, toServiceError(error));
    throw error;
  }
}

function send(accepted: Accepted, collectors: readonly ChoiceCollector[]): void {
  const { res, record, tickets, encoder } = accepted;
  record.queueMs = waitedMs(tickets);
  record.answered();
  const { receipt } = record;
  const body = encoder.body(
    collectors.map(({ choice }) => choice),
    receipt,
  );
  endKept(accepted);
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
