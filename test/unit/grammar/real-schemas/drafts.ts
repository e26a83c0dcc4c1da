// Schemas in the spellings of older drafts, and with references of all kinds.

import type { SchemaCase } from "../../../support/schema-cases.ts";

export const DRAFTS: Readonly<Record<string, SchemaCase>> = {
  "draft 4 with definitions, id and exclusive limits": {
    schema: {
      $schema: "http://json-schema.org/draft-04/schema#",
      id: "http://example.org/order.json",
      type: "object",
      properties: { price: { type: "number", minimum: 0, exclusiveMinimum: true }, lines: { $ref: "#/definitions/lines" } },
      required: ["price"],
      definitions: { lines: { type: "array", items: { type: "string" }, minItems: 1 } },
    },
    accepts: [{ price: 0.5 }, { price: 1, lines: ["a"] }],
    rejects: [{ price: 0 }, { lines: ["a"] }, { price: 1, lines: [] }],
  },
  "draft 7 with a tuple and further items": {
    schema: { $schema: "http://json-schema.org/draft-07/schema#", type: "array", items: [{ type: "string" }, { type: "integer" }], additionalItems: { type: "boolean" } },
    accepts: [[], ["a"], ["a", 1], ["a", 1, true, false]],
    rejects: [[1], ["a", "b"], ["a", 1, 2]],
  },
  "draft 7 with dependencies of both kinds": {
    schema: { type: "object", properties: { a: {}, b: {}, c: { type: "integer" } }, dependencies: { a: ["b"], b: { required: ["c"] } } },
    accepts: [{}, { c: 1 }, { a: 1, b: 2, c: 3 }, { b: 1, c: 1 }],
    rejects: [{ a: 1 }, { a: 1, b: 2 }, { b: 2 }],
  },
  "draft 7, where nothing beside a reference counts if it excludes it": {
    schema: { $schema: "http://json-schema.org/draft-07/schema#", type: "object", properties: { a: { $ref: "#/definitions/n", type: "string" } }, definitions: { n: { type: "integer" } } },
    accepts: [{ a: 1 }],
    rejects: [{ a: "b" }],
  },
  "draft 2020-12, where everything beside a reference counts": {
    schema: { $schema: "https://json-schema.org/draft/2020-12/schema", type: "object", properties: { a: { $ref: "#/$defs/n", minimum: 3, description: "at least three" } }, required: ["a"], $defs: { n: { type: "integer", maximum: 5 } } },
    accepts: [{ a: 3 }, { a: 5 }],
    rejects: [{ a: 2 }, { a: 6 }, { a: 3.5 }, {}],
  },
  "inheritance by allOf": {
    schema: {
      allOf: [{ $ref: "#/definitions/base" }, { properties: { wheels: { type: "integer", minimum: 2 } }, required: ["wheels"] }],
      definitions: { base: { type: "object", properties: { name: { type: "string" }, weight: { type: "number" } }, required: ["name"] } },
    },
    accepts: [{ name: "a", wheels: 2 }, { name: "a", weight: 1.5, wheels: 4 }],
    rejects: [{ name: "a" }, { wheels: 2 }, { name: "a", wheels: 1 }, { name: 1, wheels: 2 }],
  },
  "inheritance that is closed once all is known": {
    schema: {
      $defs: { base: { type: "object", properties: { name: { type: "string" } }, required: ["name"] } },
      $ref: "#/$defs/base",
      properties: { size: { type: "integer" } },
      unevaluatedProperties: false,
    },
    accepts: [{ name: "a" }, { name: "a", size: 1 }],
    rejects: [{ name: "a", color: "b" }, { size: 1 }],
  },
  "anchors and identifiers": {
    schema: {
      $id: "https://example.org/root.json",
      type: "object",
      properties: { a: { $ref: "#short" }, b: { $ref: "part.json" }, c: { $ref: "part.json#/$defs/deep" } },
      required: ["a"],
      $defs: { s: { $anchor: "short", type: "string", maxLength: 2 }, p: { $id: "part.json", type: "integer", $defs: { deep: { type: "null" } } } },
    },
    accepts: [{ a: "ab" }, { a: "", b: 1, c: null }],
    rejects: [{ a: "abc" }, { a: "a", b: "1" }, { a: "a", c: 1 }],
  },
  "names that a pointer escapes": {
    schema: { type: "array", items: { $ref: "#/$defs/a~1b%20c~0d" }, $defs: { "a/b c~d": { const: "x" } } },
    accepts: [[], ["x"]],
    rejects: [["y"]],
  },
  "a property without a type that other keywords imply": {
    schema: { properties: { size: { minimum: 1 }, name: { minLength: 1 }, list: { items: { type: "integer" } }, map: { additionalProperties: { type: "null" } } } },
    accepts: [{}, { size: 1, name: "a", list: [1], map: { a: null } }],
    rejects: [{ size: 0 }, { size: "a" }, { name: "" }, { list: ["a"] }, { map: { a: 1 } }, []],
  },
  "unknown keywords and formats": {
    schema: { type: "object", javaType: "org.example.A", properties: { id: { type: "integer", format: "int64", readonly: true }, raw: { type: "string", format: "byte" } }, title: "A", $comment: "b" },
    accepts: [{ id: 5, raw: "not base64!" }, { id: -1 }],
    rejects: [{ id: 1.5 }, { raw: 1 }],
  },
  "limits of 64 bits": {
    schema: { type: "object", properties: { n: { type: "integer", minimum: -(2 ** 63), maximum: 2 ** 63 } }, required: ["n"] },
    accepts: [{ n: 0 }, { n: -9007199254740991 }, { n: 9007199254740991 }],
    rejects: [{ n: 1e19 }, { n: 0.5 }, {}],
  },
}; // biome-ignore format: a table
