// Tokenizes text in slices. llama.cpp's pre-tokenizers recurse for each character of a run of the same kind (dashes, letters,
// line breaks), and overflow the stack of 8 MiB after about 21,000 characters. Tokenizing megabytes at once would also hold up
// the streams for seconds.

import type { LlamaModel, Token } from "node-llama-cpp";
import type { Turn } from "./turn.ts";

/** Needs a tenth of the usual stack, and takes a few milliseconds. */
export const SLICE_CHARS = 2_048;
/** Characters at the end of a slice that are tokenized again with the next slice. More than the longest token has. */
const TAIL_CHARS = 128;
/** A run of one character has tokens of a length that divides this, from its start on: powers of two, or three digits. */
const RUN_CHARS = 768;
const MOST_PLACES = 16;

/** @param isStart whether the slice is the start of the text */
type TokenizeSlice<T> = (text: string, isStart: boolean) => readonly T[];

/** @param mayAddSpace whether the tokenizer may add its space: at the start of a prompt, or after a control token */
export function tokenizer(
  model: Pick<LlamaModel, "tokenize">,
  readsControlTokens: boolean,
  mayAddSpace: boolean,
): TokenizeSlice<Token> {
  return (text, isStart) =>
    isStart && mayAddSpace
      ? model.tokenize(text, readsControlTokens)
      : model.tokenize(text, readsControlTokens, "trimLeadingSpace");
}

/**
 * A slice ends where the rest of it has the same tokens with and without the text before. So the tokens are those of the whole
 * text. Where no such place is found, in a single word longer than a slice for example, a slice ends anywhere, and a few tokens
 * around its end may differ.
 */
export async function tokenizeInSlices<T>(
  text: string,
  tokenize: TokenizeSlice<T>,
  turn: Pick<Turn, "pause">,
): Promise<readonly T[]> {
  if (text.length <= SLICE_CHARS) return tokenize(text, true);
  const tokens: T[] = [];
  let from = 0;
  for (; text.length - from > SLICE_CHARS; await turn.pause()) {
    const slice = text.slice(from, wholeCharacters(text, from + SLICE_CHARS));
    const read = tokenize(slice, from === 0);
    const end = exactEnd(slice, read, tokenize);
    for (const token of read.slice(0, end.tokens)) tokens.push(token);
    from += end.chars;
  }
  for (const token of tokenize(text.slice(from), false)) tokens.push(token);
  return tokens;
}

/** Where a slice ends, and how many of its tokens come before that place. */
type SliceEnd = { readonly chars: number; readonly tokens: number };

function exactEnd<T>(slice: string, tokens: readonly T[], tokenize: TokenizeSlice<T>): SliceEnd {
  for (const chars of places(slice)) {
    const tail = tokenize(slice.slice(chars), false);
    const before = tokens.length - tail.length;
    if (before > 0 && tail.every((token, index) => token === tokens[before + index]))
      return { chars, tokens: before };
  }
  return { chars: slice.length, tokens: tokens.length };
}

/** Places where a token is likely to begin, the likeliest first. */
function* places(slice: string): Generator<number> {
  const last = slice.length - TAIL_CHARS;
  const space = slice.lastIndexOf(" ", last);
  if (space > slice.length / 2) yield space;
  let run = last;
  while (run > 0 && slice[run - 1] === slice[last]) run--;
  // Some tokens join a space to the run that follows it.
  for (const start of [run, run - 1])
    if (last - start >= RUN_CHARS) yield last - ((last - start) % RUN_CHARS);
  for (let place = last; place > last - MOST_PLACES; place--) yield place;
}

/** Does not end between the two halves of a character. */
function wholeCharacters(text: string, end: number): number {
  const isHalf = (text.charCodeAt(end) & 0xfc00) === 0xdc00;
  return isHalf ? end - 1 : end;
}
