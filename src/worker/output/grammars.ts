// Grammars that hold answers to a form. One that was read once is kept for those who send the same again.

import {
  type Llama,
  LlamaGrammar,
  LlamaGrammarEvaluationState,
  type LlamaModel,
} from "node-llama-cpp";
import { ServiceError } from "../../errors.ts";
import { RecentCache } from "../../generation/recent-cache.ts";
import { advanceGrammar } from "../library-internals.ts";

const CACHE_BYTES = 64 * 1024 * 1024;
/** What one that was read holds in memory, for each character of its text. */
const BYTES_PER_CHAR = 16;

export class Grammars {
  readonly #llama: Llama;
  readonly #model: LlamaModel;
  readonly #kept = new RecentCache<LlamaGrammar>(CACHE_BYTES);

  constructor(llama: Llama, model: LlamaModel) {
    this.#llama = llama;
    this.#model = model;
  }

  /** @throws ServiceError 400 when the text is no grammar */
  check(text: string): void {
    this.#read(text);
  }

  /** The state of one answer, at its beginning. */
  begin(text: string): LlamaGrammarEvaluationState {
    return new LlamaGrammarEvaluationState({ model: this.#model, grammar: this.#read(text) });
  }

  /**
   * Takes in tokens that were generated before the grammar held.
   * @returns false when they are not of the grammar: then the state is of no more use
   */
  feed(state: LlamaGrammarEvaluationState, tokens: readonly number[]): boolean {
    return tokens.every((token) => advanceGrammar(this.#llama, state, token));
  }

  #read(text: string): LlamaGrammar {
    const kept = this.#kept.get(text);
    if (kept) return kept;
    const grammar = this.#parse(text);
    this.#kept.set(text, grammar, text.length * BYTES_PER_CHAR);
    return grammar;
  }

  #parse(text: string): LlamaGrammar {
    try {
      return new LlamaGrammar(this.#llama, { grammar: text }); // createGrammar() is the same, but not synchronous
    } catch (error) {
      throw new ServiceError(
        "invalid_value",
        "grammar is not GBNF with a rule named root, without left recursion",
        { param: "grammar", cause: error },
      );
    }
  }
}
