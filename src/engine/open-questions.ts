// The questions that a worker has been asked and has not answered yet. Used for both kinds of workers.

import { type Deferred, deferred, orAborted } from "../generation/deferred.ts";
import type { AnswerTo, AnyQuestion } from "../generation/questions.ts";
import type { PendingAnswer } from "./engine.ts";
import { type FromWorker, fromWireError, type ToWorker } from "./messages.ts";

type OpenQuestion = { readonly answer: Deferred<unknown>; readonly cost: Deferred<number> };

export class OpenQuestions {
  readonly #send: (message: ToWorker<AnyQuestion>) => void;
  readonly #open = new Map<string, OpenQuestion>();
  #nextId = 0;

  constructor(send: (message: ToWorker<AnyQuestion>) => void) {
    this.#send = send;
  }

  /** Sends a question to the worker, which must be ready. An abort rejects the answer at once, and is sent to the worker. */
  ask<Q extends AnyQuestion>(question: Q, signal: AbortSignal): PendingAnswer<Q> {
    this.#nextId += 1;
    const id = `q${this.#nextId}`;
    const open = { answer: deferred<unknown>(), cost: deferred<number>() };
    this.#open.set(id, open);
    this.#send({ type: "ask", id, question });
    const onAbort = () => this.#send({ type: "abort", id });
    signal.addEventListener("abort", onAbort, { once: true });
    const costMs = open.cost.promise.finally(() => signal.removeEventListener("abort", onAbort));
    const answer = orAborted(open.answer.promise, signal) as Promise<AnswerTo<Q>>; // the answer has the question's type
    return { answer, costMs };
  }

  receive(message: Extract<FromWorker, { type: "answered" | "refused" }>): void {
    const open = this.#open.get(message.id);
    this.#open.delete(message.id);
    open?.cost.resolve(message.ms);
    if (message.type === "answered") open?.answer.resolve(message.answer);
    else open?.answer.reject(fromWireError(message.error));
  }

  /** The worker is lost. */
  lose(error: Error): void {
    for (const { answer, cost } of this.#open.values()) {
      cost.resolve(0);
      answer.reject(error);
    }
    this.#open.clear();
  }
}
