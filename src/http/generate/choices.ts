// The choices of one request: what the engine generates for each, and work on all of them at once.

import type { Engine } from "../../engine/engine.ts";
import { toServiceError } from "../../errors.ts";
import type { GenerateEvent } from "../../generation/events.ts";
import type { PreparedRequest } from "../../generation/request.ts";
import { ownerOf } from "../server/response-locals.ts";
import type { Exchange } from "./exchange.ts";
import type { SlotBoard } from "./slot-board.ts";

export type ChoiceDeps = {
  readonly engine: Pick<Engine, "generate">;
  readonly slots: Pick<SlotBoard, "watch">;
  /** Whether all API keys share one prefix cache. */
  readonly sharedCache: boolean;
};

/** @returns the engine's events of one choice, each noted in the request's record and charged to its key */
export function generateChoices(
  { res, client, record, tickets }: Omit<Exchange, "generate">,
  { engine, slots, sharedCache }: ChoiceDeps,
): Exchange["generate"] {
  return async function* (prepared, choice): AsyncGenerator<GenerateEvent> {
    const ticket = tickets[choice];
    if (!ticket) throw new Error(`choice ${choice} has no ticket`);
    ticket.expect({ promptTokens: prepared.promptTokens.length, maxTokens: prepared.maxTokens });
    const owner = ownerOf(res);
    const lease = slots.watch(ticket, { owner, use: () => record.stateOf(choice) });
    const { signal, deadline } = client;
    const cacheScope = sharedCache ? "" : owner;
    const tally = record.tallyOf(choice);
    for await (const event of engine.generate(prepared, { signal, deadline, lease, cacheScope })) {
      record.event(tally, event);
      ticket.charge(tally);
      yield event;
    }
  };
}

/**
 * Works on all choices at once. A failure of one aborts the others.
 * @throws the first error
 */
export async function forEachChoice(
  { client }: Pick<Exchange, "client">,
  prepared: readonly PreparedRequest[],
  work: (prepared: PreparedRequest, choice: number) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  const tryWork = async (each: PreparedRequest, choice: number) => {
    try {
      await work(each, choice);
    } catch (error) {
      errors.push(error);
      if (prepared.length > 1) client.abort(toServiceError(error));
    }
  };
  await Promise.all(prepared.map(tryWork));
  if (errors.length > 0) throw errors[0];
}
