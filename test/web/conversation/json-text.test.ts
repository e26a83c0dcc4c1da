// Typed JSON: its value, or where it breaks.

import { expect, test } from "vitest";
import { readJson } from "../../../src/web/conversation/json-text.ts";

test("gives the value of a JSON text", () => {
  expect(readJson(' {"a": [1, null, "\\u00e9"]} ')).toEqual({ value: { a: [1, null, "é"] } });
});

test.each([
  ["", "line 1, column 1: it ends too early: expected a value"],
  ['{"a": 1,}', "line 1, column 9: expected a name in double quotes"],
  ["{a: 1}", "line 1, column 2: expected a name in double quotes, or }"],
  ["{'a': 1}", "line 1, column 2: expected a name in double quotes, or }"],
  ['{"a" 1}', "line 1, column 6: expected a colon"],
  ['{\n  "a": 1\n  "b": 2\n}', "line 3, column 3: expected a comma or }"],
  ["[1 2]", "line 1, column 4: expected a comma or ]"],
  ["[1, 2", "line 1, column 6: it ends too early: expected a comma or ]"],
  ["[1,]", "line 1, column 4: expected a value"],
  ["[", "line 1, column 2: it ends too early: expected a value or ]"],
  ["[]]", "line 1, column 3: expected nothing more"],
  ['{"a":\r\n\ttru}', "line 2, column 2: expected a value"],
  ["[01]", "line 1, column 3: expected a comma or ]"],
  ['["a\nb"]', /line 1, column 2: this text in quotes does not end, or has a line break/],
  ['["a\\x"]', /line 1, column 2: this text in quotes/],
  ["[true}", "line 1, column 6: expected a comma or ]"],
])("says where %j breaks", (text, problem) => {
  expect(readJson(text)).toEqual({
    problem: typeof problem === "string" ? problem : expect.stringMatching(problem),
  });
});

test("finds the end of a text that is nested very deep", () => {
  expect(readJson("[".repeat(100_000))).toMatchObject({
    problem: expect.stringMatching(/column 100001/),
  });
});
