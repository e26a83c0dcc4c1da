// Default titles of conversations.

import { expect, test } from "vitest";
import { titleFrom } from "../../../src/web/conversation/title.ts";

test.each([
  ["  What is SSE?  ", "What is SSE?"],
  ["\n\nSecond line\nThird", "Second line"],
  ["## A *big* **plan**", "A big plan"],
  ["> - [x] `npm ci` and __more__", "npm ci and more"],
  ["1. First [link](http://a.b) and ![picture](x.png)", "First link and picture"],
  ["```js\nlet a = 1;\n```", "let a = 1;"],
  ["---\ntext", "text"],
  ["keep snake_case_names, 2 * 3 * 4 and -5", "keep snake_case_names, 2 * 3 * 4 and -5"],
  ["-5 + 3", "-5 + 3"],
  ["```", "```"],
  [" \n ", ""],
])("the title of %j is %j", (text, title) => {
  expect(titleFrom(text)).toBe(title);
});

test("a long line is cut at a word, with at most 60 characters", () => {
  const title = titleFrom(
    "Please explain how a server with one queue can serve many people at once",
  );

  expect(title).toBe("Please explain how a server with one queue can serve many…");
});

test("a very long word is cut at the limit", () => {
  expect(titleFrom("x".repeat(80))).toBe(`${"x".repeat(59)}…`);
});

test("a title of exactly 60 characters is not cut, even if each is an emoji", () => {
  expect(titleFrom("🙂".repeat(60))).toBe("🙂".repeat(60));
  expect(titleFrom("🙂".repeat(61))).toBe(`${"🙂".repeat(59)}…`);
});
