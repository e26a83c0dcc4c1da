// Tokenizing in slices: the tokens are those of the whole text, and no slice is long enough to overflow the tokenizer's stack.

import { expect, test } from "vitest";
import { SLICE_CHARS, tokenizeInSlices } from "../../../../src/worker/prompt/token-slices.ts";
import { STEADY_TURN } from "../../../support/engines/steady-turn.ts";

const LONG = SLICE_CHARS * 5;

/** Matches tokens from left to right, and records the lengths of its texts. */
function matching(pattern: RegExp) {
  const lengths: number[] = [];
  const tokenize = (text: string): readonly string[] => {
    lengths.push(text.length);
    return text.match(pattern) ?? [];
  };
  return { tokenize, lengths };
}

/** Words with the space before them, digits by three, and runs in tokens of at most 64, 8 and 1 characters. */
const WORDS = / ?[a-z]+| ?-{1,64}|[0-9]{1,3}| {1,8}|./gsu;

const numbers = Array.from({ length: LONG / 8 }, (_, index) => index * 7_919);

test.each([
  ["words", "the quick brown fox ".repeat(LONG / 20)],
  ["dashes", `look: ${"-".repeat(LONG)} end`],
  ["dashes that begin with the text", "-".repeat(LONG)],
  ["dashes after a space", `a ${"-".repeat(LONG)}`],
  ["spaces", " ".repeat(LONG)],
  ["a long number", `12${"7".repeat(LONG)}`],
  ["numbers", numbers.join(",")],
  ["line breaks", "\n".repeat(LONG)],
  ["emoji", "😀🎉".repeat(LONG / 4)],
  ["a table", `| ${"-".repeat(300)} | x |\n`.repeat(LONG / 300)],
])("%s have the tokens of the whole text", async (_what, text) => {
  const { tokenize, lengths } = matching(WORDS);
  const whole = tokenize(text);
  lengths.length = 0;

  expect(await tokenizeInSlices(text, tokenize, STEADY_TURN)).toEqual(whole);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(SLICE_CHARS);
  expect(lengths.length).toBeLessThan(100);
});

test("a word longer than a slice is cut anywhere, and nothing of it is lost", async () => {
  const { tokenize } = matching(/[a-z]+/g);

  const tokens = await tokenizeInSlices("x".repeat(LONG), tokenize, STEADY_TURN);

  expect(tokens.map(({ length }) => length)).toEqual(Array.from({ length: 5 }, () => SLICE_CHARS));
});

test("a character is never cut in half", async () => {
  const { tokenize } = matching(/.+/gs); // the whole text is one token

  const tokens = await tokenizeInSlices(`a${"😀".repeat(LONG)}`, tokenize, STEADY_TURN);

  expect(tokens.every((token) => token.isWellFormed())).toBe(true);
});

test("only the first slice is the start of the text", async () => {
  const starts: boolean[] = [];
  const tokenize = (text: string, isStart: boolean) => {
    starts.push(isStart);
    return text.match(WORDS) ?? [];
  };

  await tokenizeInSlices("word ".repeat(LONG / 5), tokenize, STEADY_TURN);

  expect(starts[0]).toBe(true);
  expect(starts.slice(1)).not.toContain(true);
});

test("others may compute after each slice, and none is tokenized after an abort", async () => {
  const { tokenize, lengths } = matching(WORDS);
  const abort = new Error("gone");
  let pauses = 0;
  const pause = async () => {
    pauses += 1;
    if (pauses === 3) throw abort;
  };

  await expect(tokenizeInSlices("word ".repeat(LONG), tokenize, { pause })).rejects.toBe(abort);

  expect(lengths.length).toBeLessThan(10);
});
