// A pattern of which a text may match in many ways at once is written so that it matches in one; only where that is too much
// work, it is refused.

import { expect, test } from "vitest";
import { SchemaError } from "../../../src/grammar/schema-keywords.ts";
import { schemaGrammar } from "../../support/schema-grammar.ts";

const compile = (pattern: string) => () => schemaGrammar({ type: "string", pattern });

test.each([
  ["counts of overlapping classes", "^[a-m]{0,900}[k-z]{0,900}[a-z]{0,900}$"],
  ["a word between long counts", "^.{0,1000}foo.{0,1000}$"],
])("%s are too much work", (_what, pattern) => {
  expect(compile(pattern)).toThrow(SchemaError);
  expect(compile(pattern)).toThrow("too much work");
});

test.each([
  ["counts of parts with variable length", "^(a|aa|aaa|aaaa){1,1000}$"],
  ["two counts of the same class", "^.{0,1000}.{0,1000}$"],
  ["a count that may begin anywhere", "\\d?x{5,900}$"],
  ["counts within counts", "^((ab|a|b){1,50}c?){1,2}$"],
  [
    "very many alternatives with the same start",
    `^(${Array.from({ length: 200 }, (_, n) => `a${n}`).join("|")})$`,
  ],
  ["a long text", "^.{0,60000}$"],
  ["any text of lines", "^[\\s\\S]{1,4000}$"],
  ["a word in the middle", "^.{0,60}foo.{0,60}$"],
  ["an email", "^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\\.[a-zA-Z]{2,63}$"],
  ["a list of words", "^(\\w+, )*\\w+$"],
  ["a phone number", "^(\\+\\d{1,3} )?(\\d{2,4}[ -]?){2,5}$"],
  ["an id", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"],
  ["alternatives without a count", "^(a|aa|aaa)*$"],
  ["nested repetition", "^(x+x+)+y$"],
  ["no anchors", "colou?r"],
  ["escapes", '^[\\\\"/\\n\\t\\]^-]{0,500}$'],
])("%s is fine", (_what, pattern) => {
  expect(compile(pattern)).not.toThrow();
});

test("stays within the budget of a request", () => {
  const beforeMs = performance.now();
  for (const pattern of [
    "^(a|aa|b|bb){0,60000}$",
    `^(${"[a-z]{0,90}x?".repeat(20)})*$`,
    "^(.?.?.?.?.?){100}$",
  ])
    try {
      compile(pattern)();
    } catch (error) {
      expect(error).toBeInstanceOf(SchemaError);
    }

  expect(performance.now() - beforeMs).toBeLessThan(20_000); // half a second; without the budget, hours
});
