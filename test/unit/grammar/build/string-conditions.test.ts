// Strings with several conditions: exact where that is affordable, shorter texts where it is not, and what is left out.

import { expect, test } from "vitest";
import { schemaRules } from "../../../../src/grammar/json-schema.ts";
import { Gbnf } from "../../../support/gbnf.ts";

function accepted(schema: object, texts: readonly string[]): readonly boolean[] {
  const grammar = new Gbnf(schemaRules(schema).toString());
  return texts.map((text) => grammar.matches(JSON.stringify(text)));
}

test("a pattern and a length hold together", () => {
  const schema = { type: "string", pattern: "^[a-z]+(-[a-z]+)*$", minLength: 3, maxLength: 6 };

  expect(accepted(schema, ["abc", "a-b-c", "ab", "abc-def", "abc-"])).toEqual([
    ...[true, true],
    ...[false, false, false],
  ]);
});

test("a format and a length hold together, for texts of a usual length", () => {
  const schema = { type: "string", format: "email", maxLength: 254 };

  expect(accepted(schema, ["ada@example.org", "ada@", `${"a".repeat(260)}@b.org`])).toEqual([
    ...[true, false, false],
  ]);
});

test("a format and the expression that a library writes for it hold together", () => {
  const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
  const pattern = `^(?=.{1,253}\\.?$)${label}(?:\\.${label})*\\.?$`;

  expect(
    accepted({ type: "string", format: "hostname", pattern }, ["db.example.org", "-a"]),
  ).toEqual([true, false]);
});

test("a condition that is too much beside others is named alone and left out alone", () => {
  const ignored = new Set<string>();
  const schema = { type: "string", pattern: "^(a|b)*a(a|b){14}$", minLength: 300 };
  const grammar = new Gbnf(schemaRules(schema, { ignored }).toString());

  expect([...ignored].length).toBeGreaterThan(0);
  expect([...ignored].every((path) => ["minLength", "pattern"].includes(path))).toBe(true);
  expect(grammar.matches("1")).toBe(false);
});

test("a text that is no regular expression is a mistake, whatever may be left out", () => {
  const loose = { ignored: new Set<string>(), refusesMistakes: true };

  expect(() => schemaRules({ type: "string", pattern: "[" }, loose)).toThrow(
    expect.objectContaining({ path: "pattern", isMistake: true }),
  );
  expect(() => schemaRules({ type: "string", pattern: "(a)\\1" }, loose)).not.toThrow();
});
