// Tokens → text in whole characters: a character may be spread over several byte tokens, and is held back until complete.

/** `LlamaModel.detokenize`, narrowed: text of `tokens` as it reads after `before`. */
export type Detokenize = (tokens: readonly number[], before: readonly number[]) => string;

const REPLACEMENT = "\uFFFD";
/** Tokens may end in mid-character several times in a row; what is incomplete after as many is not UTF-8. */
const LONGEST_PENDING = 8;
/** Tokens before the pending ones that some tokenizers need to place spaces. */
const BEFORE_TOKENS = 4;

/** One answer's decoder. */
export class TokenDecoder {
  readonly #detokenize: Detokenize;
  readonly #shown: ReadonlyMap<number, string>;
  #before: readonly number[];
  #pending: number[] = [];

  /** @param shown control tokens that have a text here; the others have none */
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
