// How long a key's answers are, measured: what its next request is expected to cost before it is known.

/** Weight of the newest answer. */
const NEWEST = 0.2;
/** Tokens of an answer while none has been seen. */
const DEFAULT_TOKENS = 128;

export class AnswerLengths {
  /** Of all keys: for those that have had no answer yet. */
  #overall: number | null = null;
  readonly #means = new Map<string, number>();

  observe(owner: string, tokens: number): void {
    this.#overall = nearer(this.#overall, tokens);
    this.#means.set(owner, nearer(this.#means.get(owner) ?? null, tokens));
  }

  /** In tokens. */
  expected(owner: string): number {
    return Math.round(this.#means.get(owner) ?? this.#overall ?? DEFAULT_TOKENS);
  }
}

function nearer(mean: number | null, value: number): number {
  return mean === null ? value : mean + NEWEST * (value - mean);
}
