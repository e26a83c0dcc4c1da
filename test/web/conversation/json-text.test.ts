// Typed JSON: its value, or the position of its first error.

import { expect, test } from "vitest";
import { readJson } from "../../../src/web/conversation/json-text.ts";

test("returns the value of a JSON text", () => {
  expect(readJson(' {"a": [1, null, "\\u00e9"]} ')).toEqual({ value: { a: [1, null, "é"] } });
});

test.each([
  ["", "line 1, column 1: unexpected end of the text, expected a value"],
  ['{"a": 1,}', "line 1, column 9: expected a name in double quotes"],
  ["{a: 1}", "line 1, column 2: expected a name in double quotes"],
  ["{'a': 1}", "line 1, column 2: expected a name in double quotes"],
  ['{"a" 1}', "line 1, column 6: expected a colon"],
  ['{\n  "a": 1\n  "b": 2\n}', "line 3, column 3: expected a comma or a closing bracket"],
  ["[1 2]", "line 1, column 4: expected a comma or a closing bracket"],
  ["[1, 2", "line 1, column 6: unexpected end of the text, expected a closing ]"],
  ["[1,]", "line 1, column 4: expected a value"],
  ["[", "line 1, column 2: unexpected end of the text, expected a closing ]"],
  ["[]]", "line 1, column 3: expected the end of the text"],
  ['{"a":\r\n\ttru}', "line 2, column 2: expected a value"],
  ["[01]", "line 1, column 3: expected a comma or a closing bracket"],
  ['["a\nb"]', /line 1, column 2: this string is not closed, or contains a line break/],
  ['["a\\x"]', /line 1, column 2: this string/],
  ["[true}", "line 1, column 6: expected a comma or a closing bracket"],
])("reports the first error of %j", (text, problem) => {
  expect(readJson(text)).toEqual({
    problem: typeof problem === "string" ? problem : expect.stringMatching(problem),
  });
});

test("a very deeply nested text has a problem without a position", () => {
  expect(readJson("[".repeat(100_000))).toEqual({ problem: "the text is nested too deeply" });
});
