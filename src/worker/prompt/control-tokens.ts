// The prompt's text between its control tokens. llama.cpp takes 30 microseconds for each such piece, however short it is: a
// conversation of many messages has thousands, and most of them are the same few. Control tokens are found here, and the
// tokens of short pieces are kept.

import type { LlamaModel, Token, TokenAttributes } from "node-llama-cpp";
import { RecentCache } from "../../generation/recent-cache.ts";
import { anyOf } from "./prompt-fence.ts";

/** Longer pieces are not kept: who measures times would learn what others have asked. */
const SHORT_CHARS = 64;
const CACHE_BYTES = 1024 * 1024;
const TOKEN_BYTES = 8;

type Vocabulary = Pick<LlamaModel, "getTokenAttributes" | "detokenize" | "tokenize">;

export class ControlTokens {
  /** By texts. */
  readonly ids: ReadonlyMap<string, Token>;
  readonly #model: Vocabulary;
  /** Finds any of the texts; null where the tokenizer has to find them by itself. */
  readonly #pattern: RegExp | null;
  readonly #short = new RecentCache<readonly Token[]>(CACHE_BYTES);

  constructor(model: Vocabulary, vocabulary: readonly Token[]) {
    const attributesOf = (token: Token) => model.getTokenAttributes(token);
    const textOf = (token: Token) => model.detokenize([token], true);
    const control = vocabulary.filter((token) => isControl(attributesOf(token)));
    this.ids = new Map(control.map((token) => [textOf(token), token]));
    const pattern = anyOf([...this.ids.keys()]);
    // Some take white space beside them along, and a token that the model's maker has added may have one in it.
    const strips = control.some((each) => attributesOf(each).lstrip || attributesOf(each).rstrip);
    const added = vocabulary.filter((token) => attributesOf(token).userDefined);
    const hides = pattern !== null && added.some((token) => textOf(token).search(pattern) >= 0);
    this.#model = model;
    this.#pattern = strips || hides ? null : pattern;
  }

  /**
   * The same tokens as of the tokenizer with control tokens.
   * @param begin tokenizes what comes first: all of the text where the tokenizer has to find the control tokens
   */
  tokenize(
    text: string,
    begin: (text: string, readsControlTokens: boolean) => readonly Token[],
  ): readonly Token[] {
    if (this.#pattern === null) return begin(text, true);
    const tokens: Token[] = [];
    let from = 0;
    const addText = (to: number) => {
      if (from === to) return;
      const piece = text.slice(from, to);
      const read = from === 0 ? begin(piece, false) : this.#piece(piece);
      for (const token of read) tokens.push(token);
    };
    for (const { 0: found, index } of text.matchAll(this.#pattern)) {
      const id = this.ids.get(found);
      if (id === undefined) continue;
      addText(index);
      tokens.push(id);
      from = index + found.length;
    }
    addText(text.length);
    return tokens;
  }

  /** Text behind a control token. */
  #piece(text: string): readonly Token[] {
    if (text.length > SHORT_CHARS) return this.#model.tokenize(text, false);
    const kept = this.#short.get(text);
    if (kept) return kept;
    const tokens = this.#model.tokenize(text, false);
    this.#short.set(text, tokens, tokens.length * TOKEN_BYTES);
    return tokens;
  }
}

/** Tokens that the tokenizer reads out of text only if it is asked to. */
function isControl({ control, unknown }: TokenAttributes): boolean {
  return control || unknown;
}
