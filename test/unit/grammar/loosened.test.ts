// Schemas without what cannot be enforced.

import { expect, test, vi } from "vitest";
import { schemaGrammar } from "../../../src/grammar/json-schema.ts";
import { loosened } from "../../../src/grammar/loosened.ts";
import { SchemaError } from "../../../src/grammar/schema-keywords.ts";

const TEXT = { type: "string" };

/** Paths of what is left out, and the grammar of the rest. */
function loose(schema: object) {
  return loosened(schema, schemaGrammar);
}

test("leaves a schema alone that can be enforced", () => {
  const schema = { type: "object", properties: { a: TEXT } };

  expect(loose(schema)).toEqual({ result: schemaGrammar(schema), ignored: [] });
});

test("leaves out exactly what is refused, wherever it is, and names it", () => {
  const schema = {
    type: "object",
    properties: { a: { ...TEXT, foo: 1 }, b: { type: "array", items: { ...TEXT, bar: 1 } } },
    minProperties: 1,
  };
  const rest = { type: "object", properties: { a: TEXT, b: { type: "array", items: TEXT } } };

  const { result, ignored } = loose(schema);

  expect(result).toBe(schemaGrammar(rest));
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
    $defs: { text: { ...TEXT, foo: 1 } },
  };

  expect(loose(schema).ignored).toEqual(["#/$defs/text.foo"]);
});

test.each([
  ["a branch would have to go", { type: "object", properties: { a: { anyOf: [{ not: {} }, 5] } } }],
  ["it leads back to itself", { $ref: "#" }],
])("enforces nothing but the object where %s", (_why, schema) => {
  expect(loose(schema)).toEqual({ result: schemaGrammar({ type: "object" }), ignored: [""] });
});

test("gives up on a schema after 50 keywords", () => {
  const keywords = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));

  expect(loose({ type: "object", ...keywords(49) }).ignored).toHaveLength(49);
  expect(loose({ type: "object", ...keywords(51) }).ignored).toEqual([""]);
});

test("lets other failures through, and those of the bare type", () => {
  const bug = vi.fn(() => {
    throw new TypeError("a bug");
  });
  const refuse = vi.fn(() => {
    throw new SchemaError("", "never");
  });

  expect(() => loosened({}, bug)).toThrow(TypeError);
  expect(() => loosened({}, refuse)).toThrow(SchemaError);
});

test("takes names of JavaScript's own objects for names", () => {
  const schema = {
    type: "object",
    properties: { constructor: { ...TEXT, foo: 1 }, toString: TEXT },
  };

  expect(loose(schema).ignored).toEqual(["properties.constructor.foo"]);
});
