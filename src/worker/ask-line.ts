// The questions that wait beside the streams. Answering one blocks the process, and with it every stream, so they are
// answered one at a time, and after each the streams have the process for three times as long.

import type { ToWorker } from "../engine/messages.ts";

export type Ask = Extract<ToWorker, { readonly type: "ask" }>;

export type AskLineOptions = {
  /** Answers one question. Blocks the process meanwhile. */
  readonly answer: (ask: Ask) => void;
  /** Whether no stream is on a slot: then nothing has to rest. */
  readonly isIdle: () => boolean;
};

/** How long the streams have the process after a question, in multiples of the time that it took. */
const REST = 3;

export class AskLine {
  readonly #options: AskLineOptions;
  readonly #waiting: Ask[] = [];
  #restUntilMs = 0;
  #stopTimer: (() => void) | null = null;

  constructor(options: AskLineOptions) {
    this.#options = options;
  }

  add(ask: Ask): void {
    this.#waiting.push(ask);
    this.#schedule();
  }

  /** @returns whether the question was still waiting; it is forgotten then */
  drop(id: string): boolean {
    const index = this.#waiting.findIndex((ask) => ask.id === id);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }

  /** To be called when the last stream has left its slot. */
  wake(): void {
    if (!this.#stopTimer || !this.#options.isIdle()) return;
    this.#stopTimer();
    this.#stopTimer = null;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#stopTimer || this.#waiting.length === 0) return;
    const restMs = this.#options.isIdle() ? 0 : this.#restUntilMs - performance.now();
    // Between two questions the process reads its messages, and hands the next decode to its thread.
    if (restMs <= 0) {
      const immediate = setImmediate(() => this.#next());
      this.#stopTimer = () => clearImmediate(immediate);
      return;
    }
    const timer = setTimeout(() => this.#next(), restMs);
    this.#stopTimer = () => clearTimeout(timer);
  }

  #next(): void {
    this.#stopTimer = null;
    const ask = this.#waiting.shift();
    if (!ask) return;
    const startedAtMs = performance.now();
    this.#options.answer(ask);
    const endedAtMs = performance.now();
    this.#restUntilMs = endedAtMs + REST * (endedAtMs - startedAtMs);
    this.#schedule();
  }
}
