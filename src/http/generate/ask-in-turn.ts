// Questions to the engine need no slot (prepare, count, render). They wait in a separate queue, where the keys take
// turns, and then in the engine, which computes one at a time.
// A question costs the milliseconds that the engine works on it, even if the answer is a refusal. The key's share is charged
// that many units, and its tokens per minute one token for each millisecond.

import type { AnswerTo, Question } from "../../generation/questions.ts";
import type { GeneratingModel } from "../../models/names/offered-model.ts";
import type { EnterOptions } from "../../queue/admission.ts";
import type { Admissions } from "../../queue/admissions.ts";
import type { GateRequest } from "../../queue/lane.ts";

export type QuestionDeps = {
  /** The queue of questions. */
  readonly questions: Admissions;
};

type QuestionTurn = Omit<EnterOptions, "choices"> & {
  readonly model: GeneratingModel;
  /** As what the request waits if the model has to be loaded again. */
  readonly gate: GateRequest;
};

type AskEngine = <Q extends Question>(question: Q) => Promise<AnswerTo<Q>>;

/** @throws ServiceError 429 if the queue is full or a limit of the key is reached, and what `work` throws */
export async function askInTurn<T>(
  { questions }: QuestionDeps,
  { model, gate, ...entry }: QuestionTurn,
  work: (ask: AskEngine) => Promise<T>,
): Promise<T> {
  const admission = questions.enter({ ...entry, choices: 1 });
  const turn = admission.ticketOf(0);
  const costs: Promise<number>[] = [];
  const ask: AskEngine = async (question) => {
    await model.ready(gate);
    const leave = model.hold(gate);
    const { answer, costMs } = model.engine.ask(question, { signal: entry.signal });
    costs.push(costMs);
    void costMs.then(leave);
    return await answer;
  };
  try {
    await model.ready(gate); // first, so that no turn waits for a model
    await turn.acquire();
    return await work(ask);
  } finally {
    // An aborted question occupies the engine for a moment longer, and its turn lasts until then.
    void Promise.all(costs).then((all) => {
      turn.chargeAll(all.reduce((sum, ms) => sum + ms, 0));
      admission.leave();
    });
  }
}
