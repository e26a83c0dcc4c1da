// What one request costs its key, in tokens: those of the prompt that were not in the cache, and those of the answer. To its
// share it is charged as expected when it gets a slot, to its allowance as the tokens come; both are put right at its end.

import type { GenerateEvent, Usage } from "../generation/events.ts";

export type BillOptions = {
  /** Takes what is more than was charged so far, or (negative) less. */
  readonly toShare: (tokens: number) => void;
  readonly toAllowance: (tokens: number) => void;
};

export class Bill {
  readonly #options: BillOptions;
  #promptTokens = 0;
  #answerTokens = 0;
  #generated = 0;
  #isOpen = false;
  #isClosed = false;
  #onShare = 0;
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

  /** It has got a slot, and its share was charged what is expected. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#onShare = this.expected;
    this.#allow(this.#promptTokens); // how much of it is cached is known at the end
  }

  add(event: GenerateEvent): void {
    if (event.type === "prompt-progress") return;
    if (event.type === "finish") return this.close(event.usage);
    this.#generated += event.tokens;
    const cost = this.#promptTokens + this.#generated;
    this.#allow(cost);
    if (cost > this.#onShare) this.#share(cost);
  }

  /** Once. @param usage null where it broke off: its prompt counts as read, and nothing of it as cached */
  close(usage: Omit<Usage, "reasoningTokens"> | null): void {
    if (!this.#isOpen || this.#isClosed) return;
    this.#isClosed = true;
    const cost = usage
      ? usage.promptTokens - usage.cachedTokens + usage.completionTokens
      : this.#promptTokens + this.#generated;
    this.#share(cost);
    this.#allow(cost);
  }

  #share(cost: number): void {
    if (cost !== this.#onShare) this.#options.toShare(cost - this.#onShare);
    this.#onShare = cost;
  }

  #allow(cost: number): void {
    if (cost !== this.#onAllowance) this.#options.toAllowance(cost - this.#onAllowance);
    this.#onAllowance = cost;
  }
}
