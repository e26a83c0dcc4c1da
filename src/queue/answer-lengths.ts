// Measured answer length of each key: the expected cost of its next request before that is known.

import { weightedMean } from "./service-rate.ts";

/** Expected tokens before any answer was measured. */
const DEFAULT_TOKENS = 128;

export class AnswerLengths {
  /** Mean over all keys, used for keys without an answer so far. */
  #overall: number | null = null;
  readonly #means = new Map<string, number>();

  observe(owner: string, tokens: number): void {
    this.#overall = weightedMean(this.#overall, tokens);
    this.#means.set(owner, weightedMean(this.#means.get(owner) ?? null, tokens));
  }

  /** Expected length of the key's next answer, in tokens. */
  expected(owner: string): number {
    return Math.round(this.#means.get(owner) ?? this.#overall ?? DEFAULT_TOKENS);
  }
}
