// Splits a prompt at its control tokens, and caches the tokens of short pieces between them. llama.cpp takes 30 microseconds for
// each piece, however short. A long conversation has thousands of pieces, and most of them are the same few.

import type { LlamaModel, Token, TokenAttributes } from "node-llama-cpp";
import { RecentCache } from "../../generation/recent-cache.ts";
import { anyOf } from "./template/prompt-fence.ts";
import { tokenizeInSlices, tokenizer } from "./token-slices.ts";
import type { Turn } from "./turn.ts";

/** Longer pieces are not cached: response times could reveal the prompts of other clients. */
const SHORT_CHARS = 64;
const CACHE_BYTES = 1024 * 1024;
const TOKEN_BYTES = 8;

type Vocabulary = Pick<LlamaModel, "getTokenAttributes" | "detokenize" | "tokenize">;

export class ControlTokens {
  /** Ids by text. */
  readonly ids: ReadonlyMap<string, Token>;
  readonly #model: Vocabulary;
  /** Matches any of the texts; null if the tokenizer has to find control tokens itself. */
  readonly pattern: RegExp | null;
  readonly #cache = new RecentCache<readonly Token[]>(CACHE_BYTES);

  constructor(model: Vocabulary, vocabulary: readonly Token[]) {
    const attributesOf = (token: Token) => model.getTokenAttributes(token);
    const textOf = (token: Token) => model.detokenize([token], true);
    const control = vocabulary.filter((token) => isControl(attributesOf(token)));
    this.ids = new Map(control.map((token) => [textOf(token), token]));
    const pattern = anyOf([...this.ids.keys()]);
    // Some control tokens include adjacent white space, and a user-defined token may contain the text of a control token.
    const stripsSpace = control.some(
      (each) => attributesOf(each).lstrip || attributesOf(each).rstrip,
    );
    const added = vocabulary.filter((token) => attributesOf(token).userDefined);
    const isHidden = pattern !== null && added.some((token) => textOf(token).search(pattern) >= 0);
    this.#model = model;
    this.pattern = stripsSpace || isHidden ? null : pattern;
  }

  /**
   * Returns the same tokens as the tokenizer with control tokens.
   * @param begin tokenizes the first piece, or the whole text if the tokenizer has to find the control tokens
   */
  async tokenize(
    text: string,
    begin: (text: string, readsControlTokens: boolean) => Promise<readonly Token[]>,
    turn: Pick<Turn, "pause">,
  ): Promise<readonly Token[]> {
    if (this.pattern === null) return await begin(text, true);
    const tokens: Token[] = [];
    let from = 0;
    const addText = async (to: number) => {
      if (from === to) return;
      const piece = text.slice(from, to);
      const isLong = piece.length > SHORT_CHARS;
      const readPiece = () => (isLong ? this.#long(piece, turn) : this.#short(piece));
      const read = from === 0 ? await begin(piece, false) : await readPiece();
      for (const token of read) tokens.push(token);
    };
    for (const { 0: found, index } of text.matchAll(this.pattern)) {
      const id = this.ids.get(found);
      if (id === undefined) continue;
      await addText(index);
      tokens.push(id);
      from = index + found.length;
      await turn.pause();
    }
    await addText(text.length);
    return tokens;
  }

  #long(text: string, turn: Pick<Turn, "pause">): Promise<readonly Token[]> {
    return tokenizeInSlices(text, tokenizer(this.#model, false, true), turn);
  }

  #short(text: string): readonly Token[] {
    const cached = this.#cache.get(text);
    if (cached) return cached;
    const tokens = this.#model.tokenize(text, false);
    this.#cache.set(text, tokens, tokens.length * TOKEN_BYTES);
    return tokens;
  }
}

/** Whether the tokenizer reads this token out of text only on request. */
function isControl({ control, unknown }: TokenAttributes): boolean {
  return control || unknown;
}
