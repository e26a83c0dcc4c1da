// Markdown as words, as a screen reader announces it.

import { expect, it } from "vitest";
import { plainText } from "../../../src/web/markdown/plain-text.ts";

it.each([
  ["# Title\n\nSome **bold**, *italic* and `code`.", "Title Some bold, italic and code."],
  ["| Number | Square |\n| --- | ---: |\n| 2 | 4 |", "Number, Square 2, 4"],
  ["- one\n- [x] two\n1. three", "one two three"],
  ["> quoted\n> text", "quoted text"],
  ["A [link](https://a.b) and ![a cat](https://c.d/e.png)", "A link and Image: a cat"],
  ["```js\nlet a = 1;\n```", "let a = 1;"],
  ["snake_case_name, 2 * 3 * 4, 5 \\* 6", "snake_case_name, 2 * 3 * 4, 5 * 6"],
  ["So $x^2$ and\n\n$$\ny\n$$", "So x^2 and y"],
  ["It costs $5 to $10.", "It costs $5 to $10."],
])("%j is read as %j", (markdown, expected) => {
  expect(plainText(markdown)).toBe(expected);
});
