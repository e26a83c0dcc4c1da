// Schemas without what cannot be enforced.

import { expect, test, vi } from "vitest";
import { schemaGrammar } from "../../../src/grammar/json-schema.ts";
import { loosened } from "../../../src/grammar/loosened.ts";

const TEXT = { type: "string" };

/** The rest, and paths of what is left out. */
function loose(schema: object, budget = { left: 50 }) {
  return loosened(schema, (each) => schemaGrammar(each), budget);
}

test("leaves a schema alone that can be enforced", () => {
  const schema = { type: "object", properties: { a: TEXT } };

  expect(loose(schema)).toEqual({ schema, compiled: schemaGrammar(schema), ignored: [] });
});

test("leaves out exactly what is refused, wherever it is, and names it", () => {
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

test("does not touch the client's own schema", () => {
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
  ["a branch would have to go", { type: "object", properties: { a: { anyOf: [{ not: {} }, 5] } } }],
  ["it leads back to itself", { $ref: "#" }],
])("enforces nothing but the object where %s", (_why, schema) => {
  expect(loose(schema)).toEqual({ schema: { type: "object" }, compiled: null, ignored: [""] });
});

test("finds any number of unknown keywords without a further try", () => {
  const keywords = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`k${index}`, 1]));
  const budget = { left: 0 };

  expect(loose({ type: "object", ...keywords }, budget).ignored).toHaveLength(200);
});

test("gives up on a schema when there have been tries enough, for all that share them", () => {
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

test("lets other failures through", () => {
  const bug = vi.fn(() => {
    throw new TypeError("a bug");
  });

  expect(() => loosened({}, bug, { left: 5 })).toThrow(TypeError);
});

test("takes names of JavaScript's own objects for names", () => {
  const schema = {
    type: "object",
    properties: { constructor: { ...TEXT, foo: 1 }, toString: TEXT },
  };

  expect(loose(schema).ignored).toEqual(["properties.constructor.foo"]);
});
