// Compiling without the keywords that cannot be enforced, where the caller accepts that.

import { expect, test } from "vitest";
import { schemaRules } from "../../../../src/grammar/json-schema.ts";
import { Gbnf } from "../../../support/gbnf.ts";
import { schemaGrammar } from "../../../support/schema-grammar.ts";

const TEXT = { type: "string" };
const MANY = Array.from({ length: 200 }, (_, index) => `k${index + 100}`);
const NO_LOOKAHEAD = { ...TEXT, pattern: "(?=x)" };

/** Returns the grammar and the paths of keywords that were left out. */
function loose(schema: object) {
  const ignored = new Set<string>();
  const grammar = schemaRules(schema, { rule: "root", ignored }).toString();
  return { grammar, ignored: [...ignored].toSorted() };
}

test("does not change a schema that can be enforced", () => {
  const schema = { type: "object", properties: { a: TEXT } };

  expect(loose(schema)).toEqual({ grammar: schemaGrammar(schema), ignored: [] });
});

test("leaves out exactly the keywords that cannot be enforced, at any depth", () => {
  const schema = {
    type: "object",
    properties: {
      a: { ...TEXT, uniqueItems: true },
      b: { type: "array", items: { ...TEXT, contains: {} } },
    },
    minProperties: 2,
  };
  const rest = { type: "object", properties: { a: TEXT, b: { type: "array", items: TEXT } } };

  const { grammar, ignored } = loose(schema);

  expect(grammar).toBe(schemaGrammar(rest));
  expect(ignored).toEqual([
    "minProperties",
    "properties.a.uniqueItems",
    "properties.b.items.contains",
  ]);
});

test("does not change the client's schema object", () => {
  const schema = { type: "object", properties: { a: { ...TEXT, uniqueItems: true } } };

  loose(schema);

  expect(schema.properties.a).toEqual({ ...TEXT, uniqueItems: true });
});

test("names a keyword behind a reference by the path of the reference", () => {
  const schema = {
    type: "object",
    properties: { a: { $ref: "#/$defs/text" }, b: { $ref: "#/$defs/text" } },
    $defs: { text: { ...NO_LOOKAHEAD, uniqueItems: true } },
  };

  expect(loose(schema).ignored).toEqual(["#/$defs/text.pattern", "#/$defs/text.uniqueItems"]);
});

test("names a keyword of a branch where the client wrote it", () => {
  const schema = {
    type: "object",
    properties: { a: TEXT },
    allOf: [
      { properties: { b: NO_LOOKAHEAD } },
      { properties: { a: { contains: {} } }, uniqueItems: true },
    ],
  };

  expect(loose(schema).ignored).toEqual([
    "allOf.0.properties.b.pattern",
    "allOf.1.properties.a.contains",
    "allOf.1.uniqueItems",
  ]);
});

test.each<[string, object, string[]]>([
  ["any number of keywords", { properties: Object.fromEntries(MANY.map((name) => [name, { ...TEXT, uniqueItems: true }])) }, MANY.map((name) => `properties.${name}.uniqueItems`)],
  ["something that is no schema", { properties: { a: 5 } }, ["properties.a"]],
  ["a reference to nothing", { properties: { a: { $ref: "#/$defs/none" } } }, ["properties.a.$ref"]],
  ["a combinator that leaves nothing", { allOf: [{ type: "string" }] }, ["allOf"]],
  ["branches that a value may match together", { properties: { a: { oneOf: [TEXT, TEXT] } } }, ["properties.a.oneOf"]],
  ["the second of two patterns", { properties: { a: { pattern: "^a$", allOf: [{ pattern: "^b$" }] } } }, ["properties.a.allOf.0.pattern"]],
])("leaves out %s", (_what, parts, paths) => {
  const { ignored } = loose({ type: "object", ...parts });

  expect(ignored).toEqual(paths.length > 0 ? paths : Object.keys(parts).toSorted());
}); // biome-ignore format: a table

test("what stands beside a combinator stays when the combinator is left out", () => {
  const { grammar, ignored } = loose({
    type: "object",
    properties: { a: { type: "integer" } },
    required: ["a"],
    anyOf: 5,
    if: { required: ["b"] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: ["c"] },
  });

  expect(ignored).toEqual(["anyOf", "if"]); // without `if`, `then` says nothing
  expect(new Gbnf(grammar).matches('{"a":1}')).toBe(true);
  expect(new Gbnf(grammar).matches('{"a":"x"}')).toBe(false);
});

test("branches of oneOf that a value may match together still hold one by one", () => {
  const { grammar } = loose({ oneOf: [{ type: "string" }, { enum: ["a", 1] }] });

  const matches = ['"x"', '"a"', "1", "2", "null"].map((text) => new Gbnf(grammar).matches(text));
  expect(matches).toEqual([true, true, true, false, false]);
});

test("handles names that JavaScript objects inherit", () => {
  const schema = {
    type: "object",
    properties: { constructor: { ...TEXT, uniqueItems: true }, toString: TEXT },
  };

  expect(loose(schema).ignored).toEqual(["properties.constructor.uniqueItems"]);
});
