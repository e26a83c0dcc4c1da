// What the user is told about a message that does not fit the model's context.

import { expect, test } from "vitest";
import { fitProblem } from "../../../src/web/view/composer/context-fit.ts";

const exact = (tokens: number) => ({ tokens, isEstimate: false });
const SMALL = { contextTokens: 4096, usedTokens: 0, text: exact(10), files: [] };

test("says nothing about a message that fits", () => {
  expect(fitProblem({ ...SMALL, text: exact(4096) })).toBeNull();
});

test("names the excess, what the chat takes, and the largest file", () => {
  const files = [
    { name: "a.txt", ...exact(1000) },
    { name: "b.txt", ...exact(3000) },
  ];

  expect(fitProblem({ ...SMALL, usedTokens: 500, files })).toBe(
    "This message does not fit the model's context of 4,096 tokens: with its 4,010 tokens and the 500 of this chat it is 414 over. The largest file is “b.txt” (3,000).",
  );
});

test("says that a number is an estimate", () => {
  const text = { tokens: 5000, isEstimate: true };

  expect(fitProblem({ ...SMALL, text })).toContain("its about 5,000 tokens it is about 904 over");
});
