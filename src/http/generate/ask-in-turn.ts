// What the engine answers without a slot (preparing, counting, rendering) waits in a line of its own, where the keys take turns,
// and then in the engine, which computes one at a time.
// Its unit is the millisecond of the engine's time: that much is charged to the key's share, and one token for each
// millisecond to its tokens per minute, also when the answer is a refusal.

import type { ServiceError } from "../../errors.ts";
import type { AnswerTo, Question } from "../../generation/questions.ts";
import type { Caller } from "../../keys/caller.ts";
import type { HandlerDeps } from "./exchange.ts";

type AskEngine = <Q extends Question>(question: Q) => Promise<AnswerTo<Q>>;

export type AskInTurnOptions = {
  readonly signal: AbortSignal;
  readonly abort: (error: ServiceError) => void;
  readonly caller: Caller;
  /** Whether the request has been admitted to the queue for slots: then this line does not refuse it. */
  readonly isAdmitted: boolean;
};

/** @throws ServiceError 429 where the line or the key's limits are full, and what `work` throws */
export async function askInTurn<T>(
  { engine, questions }: Pick<HandlerDeps, "engine" | "questions">,
  { signal, abort, caller, isAdmitted }: AskInTurnOptions,
  work: (ask: AskEngine) => Promise<T>,
): Promise<T> {
  const turn = questions.enter({ signal, abort, caller, isAdmitted });
  const costs: Promise<number>[] = [];
  const ask: AskEngine = (question) => {
    const { answer, costMs } = engine.ask(question, { signal });
    costs.push(costMs);
    return answer;
  };
  try {
    await turn.acquire();
    return await work(ask);
  } finally {
    // An aborted question still occupies the engine for a moment: the turn lasts until that is over.
    void Promise.all(costs).then((all) => {
      turn.chargeAll(all.reduce((sum, ms) => sum + ms, 0));
      turn.leave();
    });
  }
}
