import { expect, test } from "vitest";
import { jsonSchemaOf } from "../../../../src/api/gemini/schema.ts";

test("converts types to those of JSON schema at every depth", () => {
  const schema = {
    type: "OBJECT",
    properties: {
      type: { type: "STRING" },
      list: { type: "ARRAY", items: { type: "INTEGER" } },
      any: { anyOf: [{ type: "BOOLEAN" }, { type: "NULL" }] },
      open: { type: "TYPE_UNSPECIFIED", title: "Anything" },
    },
    required: ["type"],
  };

  expect(jsonSchemaOf(schema)).toEqual({
    type: "object",
    properties: {
      type: { type: "string" },
      list: { type: "array", items: { type: "integer" } },
      any: { anyOf: [{ type: "boolean" }, { type: "null" }] },
      open: { title: "Anything" },
    },
    required: ["type"],
  });
});

test("converts a JSON schema at every place that holds a schema, and no other", () => {
  const upper = { type: "STRING" };
  const lower = { type: "string" };
  const schema = (inner: object) => ({
    $defs: { OBJECT: inner, a_b: inner },
    oneOf: [inner, { type: "Number" }],
    allOf: [inner],
    prefixItems: [inner],
    additionalProperties: inner,
    items: inner,
    patternProperties: { "^x": inner },
    enum: ["STRING"],
    const: { type: "STRING" },
    default: { type: "STRING" },
  });

  expect(jsonSchemaOf(schema(upper))).toEqual({
    ...schema(lower),
    oneOf: [lower, { type: "number" }],
  });
});

test.each([
  [{ type: ["STRING", "NULL"] }, { type: ["string", "null"] }],
  [{ type: ["STRING", "INTEGER"], nullable: true }, { type: ["string", "integer", "null"] }],
  [
    { $ref: "#/$defs/a", nullable: true },
    { $ref: "#/$defs/a", nullable: true },
  ],
  [{ type: "NULL", nullable: true }, { type: "null" }],
  [{ type: "STRING", nullable: true }, { type: ["string", "null"] }],
  [{ type: "STRING", nullable: false }, { type: "string" }],
  [
    { type: "STRING", enum: ["a"], nullable: true },
    { type: ["string", "null"], enum: ["a", null] },
  ],
  [
    { anyOf: [{ type: "STRING" }], nullable: true },
    { anyOf: [{ type: "string" }, { type: "null" }] },
  ],
  [
    { type: "ARRAY", minItems: "1", maxItems: "20" },
    { type: "array", minItems: 1, maxItems: 20 },
  ],
  [
    { type: "STRING", minLength: "many" },
    { type: "string", minLength: "many" },
  ],
  [
    { type: "INTEGER", format: "int32" },
    { type: "integer", format: "int32" },
  ],
  [
    { type: "STRING", format: "enum", enum: ["a"] },
    { type: "string", format: "enum", enum: ["a"] },
  ],
  [
    { type: "STRING", format: "date-time" },
    { type: "string", format: "date-time" },
  ],
  [
    { type: "STRING", uniqueItems: true },
    { type: "string", uniqueItems: true },
  ],
  [{ type: 5 }, { type: 5 }],
  [
    { properties: 5, items: true },
    { properties: 5, items: true },
  ],
])("%o is %o", (schema, expected) => {
  expect(jsonSchemaOf(schema)).toEqual(expected);
});

test("puts properties in the requested order, the others after them", () => {
  const properties = { a: {}, b: {}, c: {} };

  const schema = jsonSchemaOf({ properties, propertyOrdering: ["c", "zzz", "b", "c"] });

  expect(Object.keys(schema.properties as object)).toEqual(["c", "b", "a"]);
  expect(schema).not.toHaveProperty("propertyOrdering");
});
