// Removing what cannot be enforced from schemas.

import { expect, test, vi } from "vitest";
import { loosenSchema } from "../../../src/grammar/loosen-schema.ts";
import { schemaGrammar } from "../../support/schema-grammar.ts";

const TEXT = { type: "string" };

/** Returns the remaining schema and the paths of removed parts. */
function loose(schema: object, budget = { left: 50 }) {
  return loosenSchema(schema, (each) => schemaGrammar(each), budget);
}

test("does not change a schema that can be enforced", () => {
  const schema = { type: "object", properties: { a: TEXT } };

  expect(loose(schema)).toEqual({ schema, compiled: schemaGrammar(schema), ignored: [] });
});

test("removes exactly the refused parts at any depth and reports their paths", () => {
  const schema = {
    type: "object",
    properties: { a: { ...TEXT, foo: 1 }, b: { type: "array", items: { ...TEXT, bar: 1 } } },
    minProperties: 1,
  };
  const rest = { type: "object", properties: { a: TEXT, b: { type: "array", items: TEXT } } };

  const { schema: left, ignored } = loose(schema);

  expect(left).toEqual(rest);
  expect(ignored.toSorted()).toEqual([
    "minProperties",
    "properties.a.foo",
    "properties.b.items.bar",
  ]);
});

test("does not change the client's schema object", () => {
  const schema = { type: "object", properties: { a: { ...TEXT, foo: 1 } } };

  loose(schema);

  expect(schema.properties.a).toEqual({ ...TEXT, foo: 1 });
});

test("follows a path behind a reference", () => {
  const schema = {
    type: "object",
    properties: { a: { $ref: "#/$defs/text" } },
    $defs: { text: { ...TEXT, pattern: "(?=x)", foo: 1 } },
  };

  expect(loose(schema).ignored).toEqual(["$defs.text.foo", "#/$defs/text.pattern"]);
});

test.each([
  [
    "a branch would have to be removed",
    { type: "object", properties: { a: { anyOf: [{ not: {} }, 5] } } },
  ],
  ["the schema refers to itself", { $ref: "#" }],
])("only enforces an object if %s", (_why, schema) => {
  expect(loose(schema)).toEqual({ schema: { type: "object" }, compiled: null, ignored: [""] });
});

test("removes any number of unknown keywords in one attempt", () => {
  const keywords = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`k${index}`, 1]));
  const budget = { left: 0 };

  expect(loose({ type: "object", ...keywords }, budget).ignored).toHaveLength(200);
});

test("gives up on a schema when the shared attempts are used up", () => {
  const schema = {
    type: "object",
    properties: { a: { ...TEXT, pattern: "(?=x)" }, b: { ...TEXT, pattern: "(?=y)" } },
  };
  const budget = { left: 3 };

  expect(loose(schema, budget).ignored).toEqual(["properties.a.pattern", "properties.b.pattern"]);
  expect(loose(schema, budget)).toEqual({
    schema: { type: "object" },
    compiled: null,
    ignored: [""],
  });
});

test("rethrows other errors", () => {
  const bug = vi.fn(() => {
    throw new TypeError("a bug");
  });

  expect(() => loosenSchema({}, bug, { left: 5 })).toThrow(TypeError);
});

test("handles names that JavaScript objects inherit", () => {
  const schema = {
    type: "object",
    properties: { constructor: { ...TEXT, foo: 1 }, toString: TEXT },
  };

  expect(loose(schema).ignored).toEqual(["properties.constructor.foo"]);
});
