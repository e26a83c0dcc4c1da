// What prompt lookup predicts, and that it follows a match as far as it goes.

import { expect, test } from "vitest";
import { LONGEST_MATCH, PromptLookup } from "../../../../src/worker/step/prompt-lookup.ts";

/** Every byte is a token. */
function lookupIn(prompt: string) {
  const tokens = [...Buffer.from(prompt)];
  const lookup = new PromptLookup(tokens);
  const add = (text: string) =>
    [...Buffer.from(text)].map((token) => {
      tokens.push(token);
      return lookup.advance();
    });
  const predicted = (count: number) => Buffer.from(lookup.predict(count)).toString();
  return { lookup, add, predicted };
}

test("predicts what followed the last tokens earlier", () => {
  const { predicted, lookup } = lookupIn("the quick fox. the q");

  expect(predicted(8)).toBe("uick fox");
  expect(lookup.matched).toBe(5);
});

test("predicts nothing when the last two tokens are new", () => {
  const { predicted, lookup } = lookupIn("abcdefg");

  expect(predicted(4)).toBe("");
  expect(lookup.matched).toBe(0);
});

test("prefers the place with the longest match to the latest place", () => {
  expect(lookupIn("my red cat. his bad cow. my red c").predicted(2)).toBe("at");
});

test("reports whether each token was predicted, and follows the match", () => {
  const { add, predicted, lookup } = lookupIn("one two three. one ");

  expect(add("two")).toEqual([true, true, true]);
  expect(lookup.matched).toBe(7);
  expect(add("X")).toEqual([false]);
  expect(add("Y")).toEqual([null]);
  expect(predicted(3)).toBe("");
});

test("after a change, goes on at the place nearest to the last match", () => {
  const prompt = "x = 1; return a; x = 2; return b; x = 3; return c; # ";
  const { add, predicted } = lookupIn(prompt);

  add("x = 2; r");
  expect(predicted(7)).toBe("eturn b");
  add("ENd");
  add("; ");
  expect(predicted(5)).toBe("x = 3");
});

test("continues a repetition that reaches the end of the text", () => {
  expect(lookupIn("-ababab").predicted(6)).toBe("ababab");
});

test("counts a match up to its limit", () => {
  const { lookup } = lookupIn(`${"0123456789abcdefghijklmnopqrstuvwxyzABC"} `.repeat(2));

  expect(lookup.matched).toBe(LONGEST_MATCH);
});

test("finds matches in a text that grows far beyond its prompt", () => {
  const { add, predicted } = lookupIn("ab");
  const words = Array.from({ length: 3_000 }, (_, index) => `n${index} `).join("");
  add(words);
  add("n2998 n2");

  expect(predicted(5)).toBe("999 n");
});

test.each(["", "a", "aa"])("takes in a prompt as short as %j", (prompt) => {
  const { add } = lookupIn(prompt);

  expect(add("ab")).toHaveLength(2);
});
