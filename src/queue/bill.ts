// What one request costs its key, in tokens: those of the prompt that were not in the cache, and those of the answer. Its share
// of the slots is charged with what is expected, its allowance with what has come; both are put right at its end.

import type { GenerateEvent, Usage } from "../generation/events.ts";
import type { Progress } from "./share-tier.ts";

export type BillOptions = {
  readonly toShare: (progress: Progress) => void;
  /** Tokens spent, or (negative) given back. */
  readonly toAllowance: (tokens: number) => void;
};

export class Bill {
  readonly #options: BillOptions;
  #promptTokens = 0;
  #answerTokens = 0;
  /** Of the prompt, known with the first token. */
  #cachedTokens = 0;
  #generated = 0;
  #isOpen = false;
  #isClosed = false;
  /** On its share, computed and still expected. */
  #done = 0;
  #ahead = 0;
  #onAllowance = 0;

  constructor(options: BillOptions) {
    this.#options = options;
  }

  /** What the request is expected to cost. */
  get expected(): number {
    return Math.max(1, this.#promptTokens + this.#answerTokens);
  }

  /** Whether anything was computed for it. */
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

  /** It has got a slot. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#ahead = this.expected; // its share was charged with that when it got the slot
    this.#allow(this.#promptTokens); // how much of it is cached is known with its first token
  }

  add(event: GenerateEvent): void {
    if (event.type === "prompt-progress") return;
    if (event.type === "finish") return this.close(event.usage);
    this.#generated += event.tokens;
    this.#cachedTokens = event.prompt?.cachedTokens ?? this.#cachedTokens;
    this.#allow(this.#promptTokens - this.#cachedTokens + this.#generated);
    const leastAhead = Math.min(this.#ahead, this.#promptTokens - this.#cachedTokens); // that is charged at the end
    this.#share(this.#generated, Math.max(leastAhead, this.#ahead - event.tokens));
  }

  /** Once. @param usage null where it broke off: without a token, its prompt counts as read */
  close(usage: Omit<Usage, "reasoningTokens"> | null): void {
    if (!this.#isOpen || this.#isClosed) return;
    this.#isClosed = true;
    const cost = usage
      ? usage.promptTokens -
        Math.max(usage.cachedTokens, this.#cachedTokens) +
        usage.completionTokens
      : this.#promptTokens - this.#cachedTokens + this.#generated;
    this.#share(cost, 0);
    this.#allow(cost);
  }

  #share(done: number, ahead: number): void {
    this.#options.toShare({ done: done - this.#done, expected: ahead - this.#ahead });
    this.#done = done;
    this.#ahead = ahead;
  }

  #allow(cost: number): void {
    if (cost !== this.#onAllowance) this.#options.toAllowance(cost - this.#onAllowance);
    this.#onAllowance = cost;
  }
}
