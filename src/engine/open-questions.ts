// The questions that a worker has been asked and has not answered yet. Used for both kinds of workers.

import { ServiceError } from "../errors.ts";
import { type Deferred, deferred, orAborted } from "../generation/deferred.ts";
import type { AnswerTo, AnyQuestion } from "../generation/questions.ts";
import type { PendingAnswer } from "./engine.ts";
import { type FromWorker, fromWireError, type ToWorker } from "./messages.ts";

type OpenQuestion = { readonly answer: Deferred<unknown>; readonly cost: Deferred<number> };

export class OpenQuestions {
  readonly #send: (message: ToWorker<AnyQuestion>) => void;
  readonly #open = new Map<string, OpenQuestion>();
  /** The question whose answer the worker computes now. */
  #computing: string | null = null;
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

  receive(message: Extract<FromWorker, { type: "computing" | "answered" | "refused" }>): void {
    if (message.type === "computing") {
      this.#computing = message.id;
      return;
    }
    const open = this.#open.get(message.id);
    this.#open.delete(message.id);
    if (this.#computing === message.id) this.#computing = null;
    open?.cost.resolve(message.ms);
    if (message.type === "answered") open?.answer.resolve(message.answer);
    else open?.answer.reject(fromWireError(message.error));
  }

  /**
   * The worker is lost. The question whose answer it was computing gets another error than `error`, so that it is not asked
   * again: it would end the next worker, too.
   */
  lose(error: ServiceError, { isFromOutside }: { readonly isFromOutside: boolean }): void {
    for (const [id, { answer, cost }] of this.#open) {
      cost.resolve(0);
      const isCulprit = id === this.#computing && !isFromOutside;
      answer.reject(isCulprit ? new ServiceError(error.code, error.message) : error);
    }
    this.#open.clear();
    this.#computing = null;
  }
}
