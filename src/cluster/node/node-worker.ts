// What a node needs of the worker process of a model. ModelWorker is one; tests and benchmarks have others, without a process.

import type { LoadableEngine, PendingAnswer } from "../../engine/engine.ts";
import type { ToWorker } from "../../engine/messages.ts";
import type { ModelWorker } from "../../engine/model-worker.ts";
import type { Question } from "../../generation/questions.ts";

export interface NodeWorker extends Omit<LoadableEngine, "status"> {
  readonly status: ModelWorker["status"];
  /** As `ModelWorker.ready()`. */
  ready(signal: AbortSignal): Promise<{ readonly questions: NodeQuestionsOfWorker }>;
  send(message: ToWorker): void;
}

interface NodeQuestionsOfWorker {
  ask<Q extends Question>(question: Q, signal: AbortSignal): PendingAnswer<Q>;
}

/** What the worker calls. */
export type NodeWorkerEvents = Pick<
  ConstructorParameters<typeof ModelWorker>[0],
  "onStep" | "onExit"
>;
