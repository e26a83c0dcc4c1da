// The choices of one request: what the engine generates for each, and work on all of them at once.

import type { Engine } from "../../engine/engine.ts";
import { toServiceError } from "../../errors.ts";
import type { GenerateEvent } from "../../generation/events.ts";
import type { PreparedRequest } from "../../generation/request.ts";
import { ownerOf } from "../server/response-locals.ts";
import type { Exchange } from "./exchange.ts";

export type ChoiceDeps = {
  readonly engine: Pick<Engine, "generate">;
  /** Whether all API keys share one prefix cache. */
  readonly sharedCache: boolean;
};

/** @returns the engine's events of one choice, each noted in the request's record and charged to its key */
export function generateChoices(
  { res, client, record, admission }: Omit<Exchange, "generate">,
  { engine, sharedCache }: ChoiceDeps,
): Exchange["generate"] {
  return async function* (prepared, choice): AsyncGenerator<GenerateEvent> {
    const lease = admission.ticketOf(choice);
    lease.expect({ promptTokens: prepared.promptTokens.length, maxTokens: prepared.maxTokens });
    const { signal, deadline } = client;
    const cacheScope = sharedCache ? "" : ownerOf(res);
    for await (const event of engine.generate(prepared, { signal, deadline, lease, cacheScope })) {
      record.event(choice, event);
      lease.charge(event);
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
