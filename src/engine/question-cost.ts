// How long the worker has computed one question, over all attempts. The time is known only when the last attempt ends, which may
// be after the question was aborted.

import { type Deferred, deferred } from "../generation/deferred.ts";

export class QuestionCost {
  #ms = 0;
  #lastAttempt: Deferred<void> | null = null;

  /** @returns a function to call when this attempt ends, with its time in ms; 0 if the worker died */
  begin(): (ms: number) => void {
    const ended = deferred<void>();
    this.#lastAttempt = ended;
    return (ms) => {
      this.#ms += ms;
      ended.resolve();
    };
  }

  /** @returns the time in ms, when the last attempt has ended; 0 without attempts */
  async whenKnown(): Promise<number> {
    await this.#lastAttempt?.promise;
    return this.#ms;
  }
}
