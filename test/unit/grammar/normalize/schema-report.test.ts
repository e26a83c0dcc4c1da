// Compiling without the keywords that cannot be enforced, where the caller accepts that.

import { expect, test } from "vitest";
import { schemaRules } from "../../../../src/grammar/json-schema.ts";
import { Gbnf } from "../../../support/gbnf.ts";
import { schemaGrammar } from "../../../support/schema-grammar.ts";

const TEXT = { type: "string" };
const MANY = Array.from({ length: 200 }, (_, index) => `k${index + 100}`);
const NO_PATTERN = { ...TEXT, pattern: String.raw`(a)\1` };
const NOT_UNIQUE = { type: "array", uniqueItems: true };

/** Returns the grammar and the paths of keywords that were left out. */
function loose(schema: object) {
  const ignored = new Set<string>();
  const grammar = schemaRules(schema, { ignored }).toString();
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
      a: NOT_UNIQUE,
      b: { type: "array", items: { ...NOT_UNIQUE, contains: { const: 1 } } },
    },
    disallow: "string",
  };
  const { grammar, ignored } = loose(schema);

  expect(new Gbnf(grammar).matches('{"a":[1,1],"b":[[2,2]]}')).toBe(true);
  expect(new Gbnf(grammar).matches('{"a":1}')).toBe(false);
  expect(new Gbnf(grammar).matches('{"b":[1]}')).toBe(false);
  expect(ignored).toEqual([
    "disallow",
    "properties.a.uniqueItems",
    "properties.b.items.contains",
    "properties.b.items.uniqueItems",
  ]);
});

test("does not change the client's schema object", () => {
  const schema = { type: "object", properties: { a: { ...NOT_UNIQUE } } };

  loose(schema);

  expect(schema.properties.a).toEqual(NOT_UNIQUE);
});

test("names a keyword behind a reference by the path of the reference", () => {
  const schema = {
    type: "object",
    properties: { a: { $ref: "#/$defs/text" }, b: { $ref: "#/$defs/text" } },
    $defs: { text: { ...NO_PATTERN, properties: { c: NOT_UNIQUE }, type: ["string", "object"] } },
  };

  expect(loose(schema).ignored).toEqual([
    "#/$defs/text.pattern",
    "#/$defs/text.properties.c.uniqueItems",
  ]);
});

test("names a keyword of a branch where the client wrote it", () => {
  const schema = {
    type: "object",
    properties: { a: TEXT },
    allOf: [
      { properties: { b: { ...NO_PATTERN } } },
      { properties: { a: { ...NO_PATTERN }, c: NOT_UNIQUE } },
    ],
  };

  expect(loose(schema).ignored).toEqual([
    "allOf.0.properties.b.pattern",
    "allOf.1.properties.a.pattern",
    "allOf.1.properties.c.uniqueItems",
  ]);
});

test.each<[string, object, string[]]>([
  ["any number of keywords", { properties: Object.fromEntries(MANY.map((name) => [name, { ...NOT_UNIQUE }])) }, MANY.map((name) => `properties.${name}.uniqueItems`)],
  ["something that is no schema", { properties: { a: 5 } }, ["properties.a"]],
  ["a reference to nothing", { properties: { a: { $ref: "#/$defs/none" } } }, ["properties.a.$ref"]],
  ["a combinator that leaves nothing", { allOf: [{ type: "string" }] }, ["allOf"]],
  ["branches that a value may match together", { properties: { a: { oneOf: [TEXT, TEXT] } } }, ["properties.a.oneOf"]],
  ["a count of matches in an array with limits", { properties: { a: { type: "array", contains: { const: 1 }, maxItems: 3 } } }, ["properties.a.contains"]],
  ["a limit that contradicts another one", { properties: { a: { minLength: 3, maxLength: 2 } } }, ["properties.a.maxLength"]],
  ["a required name that is not allowed", { required: ["b"], additionalProperties: false }, ["required"]],
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
    if: { propertyNames: { pattern: "^b" } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: ["c"] },
  });

  expect(ignored).toEqual(["anyOf", "if"]); // without `if`, `then` says nothing
  expect(new Gbnf(grammar).matches('{"a":1}')).toBe(true);
  expect(new Gbnf(grammar).matches('{"a":"x"}')).toBe(false);
});

test("branches of oneOf that a value may match together still hold one by one", () => {
  const { grammar } = loose({ oneOf: [{ type: "integer" }, { type: "number" }] });

  const matches = ["1", "1.5", '"a"', "null"].map((text) => new Gbnf(grammar).matches(text));
  expect(matches).toEqual([true, true, false, false]);
});

test("handles names that JavaScript objects inherit", () => {
  const schema = {
    type: "object",
    properties: { constructor: NOT_UNIQUE, toString: TEXT },
  };

  expect(loose(schema).ignored).toEqual(["properties.constructor.uniqueItems"]);
});
