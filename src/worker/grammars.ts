// Grammars that hold answers to a form. One that was read once is kept for those who send the same again.

import {
  type Llama,
  LlamaGrammar,
  LlamaGrammarEvaluationState,
  type LlamaModel,
} from "node-llama-cpp";
import { ServiceError } from "../errors.ts";

/** Different grammars that are kept: those that were used last. */
const MOST_KEPT = 64;

/** node-llama-cpp is pinned; a test covers these. */
type Bindings = {
  readonly AddonSampler: {
    canBeNextTokenForGrammarEvaluationState(state: object, token: number): boolean;
    acceptGrammarEvaluationStateToken(state: object, token: number): void;
  };
};

export class Grammars {
  readonly #llama: Llama;
  readonly #model: LlamaModel;
  readonly #kept = new Map<string, LlamaGrammar>();

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
    // What the library does itself for each token that it samples; it has no public way to do it.
    const { _state } = state as unknown as { readonly _state: object };
    const { _bindings } = this.#llama as unknown as { readonly _bindings: Bindings };
    const sampler = _bindings.AddonSampler;
    return tokens.every((token) => {
      if (!sampler.canBeNextTokenForGrammarEvaluationState(_state, token)) return false;
      sampler.acceptGrammarEvaluationStateToken(_state, token);
      return true;
    });
  }

  #read(text: string): LlamaGrammar {
    const grammar = this.#kept.get(text) ?? this.#parse(text);
    this.#kept.delete(text); // so that it is the one that was used last
    this.#kept.set(text, grammar);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
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
