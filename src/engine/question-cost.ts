// How long the worker has worked on one question, over all its tries. Known only when the worker is done with the last one,
// which may be after the question was aborted.

import { type Deferred, deferred } from "../generation/deferred.ts";

export class QuestionCost {
  #ms = 0;
  #lastTry: Deferred<void> | null = null;

  /** @returns to be called when the worker is done with this try, with the ms that it took; 0 when the worker died over it */
  begin(): (ms: number) => void {
    const ended = deferred<void>();
    this.#lastTry = ended;
    return (ms) => {
      this.#ms += ms;
      ended.resolve();
    };
  }

  /** @returns the time in ms, once the worker is done with the last try; 0 when there was none */
  async whenKnown(): Promise<number> {
    await this.#lastTry?.promise;
    return this.#ms;
  }
}
