// Parses the grammars that restrict answers, and caches them for requests with the same grammar.

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
/** Memory of a parsed grammar per character of its text. */
const BYTES_PER_CHAR = 16;

export class Grammars {
  readonly #llama: Llama;
  readonly #model: LlamaModel;
  readonly #kept = new RecentCache<LlamaGrammar>(CACHE_BYTES);

  constructor(llama: Llama, model: LlamaModel) {
    this.#llama = llama;
    this.#model = model;
  }

  /** @throws ServiceError 400 when the text is not a valid grammar */
  check(text: string): void {
    this.#read(text);
  }

  /** @returns a new state, for the start of an answer */
  begin(text: string): LlamaGrammarEvaluationState {
    return new LlamaGrammarEvaluationState({ model: this.#model, grammar: this.#read(text) });
  }

  /**
   * Advances a state by tokens that were generated without it.
   * @returns false when the grammar does not allow them; the state cannot be used any more
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
      return new LlamaGrammar(this.#llama, { grammar: text }); // the synchronous form of createGrammar()
    } catch (error) {
      throw new ServiceError(
        "invalid_value",
        "grammar is not valid GBNF; it must have a rule named root and no left recursion",
        { field: "grammar", cause: error },
      );
    }
  }
}
