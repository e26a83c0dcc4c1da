// Charges one request's tokens to its key: prompt tokens that were not cached, plus generated tokens. The key's share
// of the slots is charged with the expected cost, its token budget with the tokens counted so far. Both are corrected
// when the request ends.

import { Tally } from "../generation/tally.ts";
import type { ShareCharge } from "./share-tier.ts";

export type TokenUsageOptions = {
  readonly chargeShare: (progress: ShareCharge) => void;
  /** Receives the tokens spent; a negative number returns tokens. */
  readonly chargeBudget: (tokens: number) => void;
};

export class TokenUsage {
  readonly #options: TokenUsageOptions;
  /** Cached tokens are known once the first token arrives. */
  #tally = new Tally(0);
  #answerTokens = 0;
  #isOpen = false;
  #isClosed = false;
  /** Tokens charged to the share so far: computed, and still expected. */
  #done = 0;
  #expected = 0;
  #chargedToBudget = 0;

  constructor(options: TokenUsageOptions) {
    this.#options = options;
  }

  get expected(): number {
    return Math.max(1, this.#tally.promptTokens + this.#answerTokens);
  }

  /** Whether the request ever got a slot. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get generated(): number {
    return this.#tally.completionTokens;
  }

  expect(promptTokens: number, answerTokens: number): void {
    this.#tally = new Tally(promptTokens);
    this.#answerTokens = answerTokens;
  }

  /** Called when the request gets a slot. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#expected = this.expected; // the share was charged this much with the slot
    this.#chargeBudget();
  }

  /** Charges what was counted since the last call. */
  charge(tally: Tally): void {
    this.#tally = tally;
    if (tally.reason !== null) return this.close();
    this.#chargeBudget();
    const { promptTokens, cachedTokens, completionTokens } = tally;
    const leastExpected = Math.min(this.#expected, promptTokens - cachedTokens); // charged at the end
    const expected = this.#expected - (completionTokens - this.#done);
    this.#chargeShare(completionTokens, Math.max(leastExpected, expected));
  }

  /** Charges the final cost, once. If the answer broke off without a token, the whole prompt counts as computed. */
  close(): void {
    if (!this.#isOpen || this.#isClosed) return;
    this.#isClosed = true;
    this.#chargeShare(this.#cost, 0);
    this.#chargeBudget();
  }

  get #cost(): number {
    const { promptTokens, cachedTokens, completionTokens } = this.#tally;
    return promptTokens - cachedTokens + completionTokens;
  }

  #chargeShare(done: number, expected: number): void {
    this.#options.chargeShare({ done: done - this.#done, expected: expected - this.#expected });
    this.#done = done;
    this.#expected = expected;
  }

  #chargeBudget(): void {
    const cost = this.#cost;
    if (cost !== this.#chargedToBudget) this.#options.chargeBudget(cost - this.#chargedToBudget);
    this.#chargedToBudget = cost;
  }
}
