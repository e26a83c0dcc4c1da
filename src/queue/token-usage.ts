// Charges one request's tokens to its key: prompt tokens that were not cached, plus generated tokens. The key's share
// of the slots is charged with the expected cost, its token budget with the tokens counted so far. Both are corrected
// when the request ends.

import type { GenerateEvent, Usage } from "../generation/events.ts";
import type { ShareCharge } from "./share-tier.ts";

export type TokenUsageOptions = {
  readonly chargeShare: (progress: ShareCharge) => void;
  /** Receives the tokens spent; a negative number returns tokens. */
  readonly chargeBudget: (tokens: number) => void;
};

export class TokenUsage {
  readonly #options: TokenUsageOptions;
  #promptTokens = 0;
  #answerTokens = 0;
  /** Cached prompt tokens, known once the first token arrives. */
  #cachedTokens = 0;
  #generated = 0;
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
    return Math.max(1, this.#promptTokens + this.#answerTokens);
  }

  /** Whether the request ever got a slot. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get generated(): number {
    return this.#generated;
  }

  expect(promptTokens: number, answerTokens: number): void {
    this.#promptTokens = promptTokens;
    this.#answerTokens = answerTokens;
  }

  /** Called when the request gets a slot. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#expected = this.expected; // the share was charged this much with the slot
    this.#chargeBudget(this.#promptTokens); // the cached part is only known with the first token
  }

  add(event: GenerateEvent): void {
    if (event.type === "prefill") return;
    if (event.type === "finish") return this.close(event.usage);
    this.#generated += event.tokens;
    this.#cachedTokens = event.prompt?.cachedTokens ?? this.#cachedTokens;
    this.#chargeBudget(this.#promptTokens - this.#cachedTokens + this.#generated);
    const leastExpected = Math.min(this.#expected, this.#promptTokens - this.#cachedTokens); // charged at the end
    this.#chargeShare(this.#generated, Math.max(leastExpected, this.#expected - event.tokens));
  }

  /**
   * Charges the final cost, once.
   * @param usage null if the answer broke off; without a token, the whole prompt counts as computed
   */
  close(usage: Omit<Usage, "reasoningTokens"> | null): void {
    if (!this.#isOpen || this.#isClosed) return;
    this.#isClosed = true;
    const cost = usage
      ? usage.promptTokens -
        Math.max(usage.cachedTokens, this.#cachedTokens) +
        usage.completionTokens
      : this.#promptTokens - this.#cachedTokens + this.#generated;
    this.#chargeShare(cost, 0);
    this.#chargeBudget(cost);
  }

  #chargeShare(done: number, expected: number): void {
    this.#options.chargeShare({ done: done - this.#done, expected: expected - this.#expected });
    this.#done = done;
    this.#expected = expected;
  }

  #chargeBudget(cost: number): void {
    if (cost !== this.#chargedToBudget) this.#options.chargeBudget(cost - this.#chargedToBudget);
    this.#chargedToBudget = cost;
  }
}
