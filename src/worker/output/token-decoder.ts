// Decodes tokens into whole characters. A character made of several byte tokens is held back until it is complete.

/** The text of `tokens` when they follow `before`; a narrow form of `LlamaModel.detokenize`. */
export type Detokenize = (tokens: readonly number[], before: readonly number[]) => string;

const REPLACEMENT = "\uFFFD";
/** Most tokens that may form one character; a character still incomplete after them is invalid UTF-8. */
const LONGEST_PENDING = 8;
/** Number of earlier tokens that some tokenizers need to place spaces correctly. */
const BEFORE_TOKENS = 4;

export class TokenDecoder {
  readonly #detokenize: Detokenize;
  readonly #shown: ReadonlyMap<number, string>;
  #before: readonly number[];
  #pending: number[] = [];

  /** @param shown control tokens that produce text; all others produce none */
  constructor(
    detokenize: Detokenize,
    promptTail: readonly number[] = [],
    shown: ReadonlyMap<number, string> = new Map(),
  ) {
    this.#detokenize = detokenize;
    this.#shown = shown;
    this.#before = promptTail.slice(-BEFORE_TOKENS);
  }

  push(token: number): string {
    const control = this.#shown.get(token);
    if (control !== undefined) return this.flush() + control;
    this.#pending.push(token);
    const text = this.#detokenize(this.#pending, this.#before);
    if (text.endsWith(REPLACEMENT) && this.#pending.length < LONGEST_PENDING) return "";
    this.#take();
    return text;
  }

  /** The text of an incomplete character at the end of the answer. */
  flush(): string {
    if (this.#pending.length === 0) return "";
    const text = this.#detokenize(this.#pending, this.#before);
    this.#take();
    return text;
  }

  #take(): void {
    this.#before = [...this.#before, ...this.#pending].slice(-BEFORE_TOKENS);
    this.#pending = [];
  }
}
