// Prompt lookup: predicts that the answer goes on like an earlier place in the prompt or answer that ended with the same tokens.
// The cost per token does not depend on the length of the prompt.

/** The longest match that is measured. */
export const LONGEST_MATCH = 32;
/** Places that are compared for one token, from the latest. */
const MOST_PLACES = 16;
/** A match of at least this length is followed without a search for a longer one. */
const SURE_MATCH = 16;
const LEAST_HEADS = 1 << 12;

export class PromptLookup {
  readonly #tokens: readonly number[];
  /** By the hash of two tokens: 1 + the latest position where they end. */
  readonly #heads: Int32Array;
  /** By position: 1 + the position before it with the same hash. */
  readonly #earlier: number[] = [];
  /** Position of the token that is predicted to come next; -1 if there is none. */
  #source = -1;
  #matched = 0;
  /** Where the next token would be if the answer went on from the last match. */
  #near = 0;

  /** @param tokens prompt and answer, to which the caller adds */
  constructor(tokens: readonly number[]) {
    this.#tokens = tokens;
    const size = 2 ** Math.ceil(Math.log2(2 * tokens.length + 1));
    this.#heads = new Int32Array(Math.max(LEAST_HEADS, size));
    while (this.#earlier.length < tokens.length) this.#index();
    this.#search();
  }

  /** Takes in the next token of `tokens`. @returns whether it was predicted; null without a prediction */
  advance(): boolean | null {
    const position = this.#earlier.length;
    const predicted = this.#source < 0 ? undefined : this.#tokens[this.#source];
    const isHit = predicted === undefined ? null : predicted === this.#tokens[position];
    this.#index();
    this.#near += 1;
    if (isHit) {
      this.#source += 1;
      this.#matched = Math.min(this.#matched + 1, LONGEST_MATCH);
    } else {
      this.#matched = 0;
    }
    if (this.#matched < SURE_MATCH) this.#search();
    return isHit;
  }

  /** How many tokens of `tokens` it has taken in. */
  get length(): number {
    return this.#earlier.length;
  }

  /** Number of latest tokens that are equal before the predicted one, at most `LONGEST_MATCH`; 0 without a prediction. */
  get matched(): number {
    return this.#matched;
  }

  /** The next tokens if the match goes on. A match that reaches the end of the tokens is continued with its own prediction. */
  predict(count: number): readonly number[] {
    const predicted: number[] = [];
    if (this.#source < 0) return predicted;
    const end = this.length;
    for (let at = this.#source; predicted.length < count; at++)
      predicted.push((at < end ? this.#tokens[at] : predicted[at - end]) ?? 0);
    return predicted;
  }

  #index(): void {
    const position = this.#earlier.length;
    if (position === 0) {
      this.#earlier.push(0);
      return;
    }
    const head = this.#headOf(position);
    this.#earlier.push(this.#heads[head] ?? 0);
    this.#heads[head] = position + 1;
  }

  #headOf(position: number): number {
    const [first = 0, second = 0] = [this.#tokens[position - 1], this.#tokens[position]];
    const mixed = Math.imul(Math.imul(first, 0x9e3779b1) ^ second, 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & (this.#heads.length - 1);
  }

  /** Looks for the longest match. Of equal ones, the current one stays; otherwise the one nearest to the last match wins. */
  #search(): void {
    const last = this.length - 1;
    let best = this.#matched > 0 ? this.#source : -1;
    let longest = Math.max(1, this.#matched); // a single equal token is no match
    let place = (this.#earlier[last] ?? 0) - 1;
    for (let tried = 0; place > 0 && tried < MOST_PLACES; tried++) {
      const matched = this.#matchAt(place, last);
      const isNearer = Math.abs(place + 1 - this.#near) < Math.abs(best - this.#near);
      const isEqual = matched === longest && matched > Math.max(1, this.#matched);
      if (matched > longest || (isEqual && isNearer)) {
        longest = matched;
        best = place + 1;
      }
      place = (this.#earlier[place] ?? 0) - 1;
    }
    this.#source = best;
    this.#matched = best < 0 ? 0 : longest;
    if (best >= 0) this.#near = best;
  }

  #matchAt(place: number, last: number): number {
    let matched = 0;
    while (
      matched < LONGEST_MATCH &&
      matched <= place &&
      this.#tokens[place - matched] === this.#tokens[last - matched]
    )
      matched += 1;
    return matched;
  }
}
