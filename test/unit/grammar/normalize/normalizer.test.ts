// References and combinators beside other keywords: each branch holds together with what stands beside it.

import { expect, test } from "vitest";
import { SchemaError } from "../../../../src/grammar/schema-keywords.ts";
import { describeSchemas, type SchemaCase } from "../../../support/schema-cases.ts";
import { schemaGrammar } from "../../../support/schema-grammar.ts";

const ALARM = {
  type: "object",
  properties: { name: { type: "string" }, day: { type: "integer" }, hour: { type: "integer" } },
};
const $defs = {
  circle: {
    type: "object",
    properties: { shape: { const: "circle" }, radius: { type: "number" } },
    required: ["shape", "radius"],
  },
  square: {
    type: "object",
    properties: { shape: { const: "square" }, side: { type: "number" } },
    required: ["shape", "side"],
  },
  words: { enum: ["a", "b"] },
};
const SHAPES = [{ $ref: "#/$defs/circle" }, { $ref: "#/$defs/square" }];

const CASES: Record<string, SchemaCase> = {
  "anyOf that requires one of several members": {
    schema: { ...ALARM, anyOf: [{ required: ["day"] }, { required: ["hour"] }] },
    accepts: [{ day: 1 }, { name: "a", hour: 2 }, { name: "a", day: 1, hour: 2 }],
    rejects: [{ name: "a" }, {}, { day: "1" }, { more: 1, day: 1 }, 1],
  },
  "oneOf that requires exactly one of several members": {
    schema: { ...ALARM, oneOf: [{ required: ["day"] }, { required: ["hour"] }] },
    accepts: [{ day: 1 }, { name: "a", hour: 2 }],
    rejects: [{ name: "a" }, { day: 1, hour: 2 }],
  },
  "branches that add members and values": {
    schema: {
      type: "object",
      properties: { do: { type: "string" }, note: { type: "string" } },
      required: ["do"],
      oneOf: [
        { properties: { do: { const: "open" }, door: { type: "integer" } }, required: ["door"] },
        { properties: { do: { const: "wait" } } },
      ],
    },
    accepts: [{ do: "open", door: 1 }, { do: "open", note: "a", door: 1 }, { do: "wait" }, { do: "wait", door: "b" }],
    rejects: [{ do: "open" }, { do: "open", door: "b" }, { do: "sing" }, { note: "a" }],
  },
  "allOf of several schemas": {
    schema: {
      allOf: [
        { type: "object", properties: { a: { type: "integer" } }, required: ["a"] },
        { properties: { a: { minimum: 3 }, b: { const: 1 } } },
        { required: ["b"] },
      ],
    },
    accepts: [{ a: 3, b: 1 }],
    rejects: [{ a: 2, b: 1 }, { a: 3 }, { b: 1 }],
  },
  "allOf with a reference that is extended": {
    schema: {
      allOf: [{ $ref: "#/$defs/circle" }],
      properties: { color: { type: "string" } },
      required: ["color"],
      $defs,
    },
    accepts: [{ shape: "circle", radius: 1, color: "red" }],
    rejects: [{ shape: "circle", radius: 1 }, { color: "red" }, { color: "red", shape: "circle", radius: 1 }],
  },
  "a reference beside other keywords": {
    schema: { $ref: "#/$defs/words", type: "string", enum: ["b", "c"], $defs },
    accepts: ["b"],
    rejects: ["a", "c"],
  },
  "a closed branch beside members that it does not declare": {
    schema: {
      ...ALARM,
      anyOf: [
        { properties: { day: { type: "integer" } }, additionalProperties: false },
        { required: ["name", "hour"] },
      ],
    },
    accepts: [{}, { day: 1 }, { name: "a", hour: 1 }],
    rejects: [{ name: "a" }, { name: "a", day: 1 }],
  },
  "combinators in each other": {
    schema: {
      type: "object",
      properties: { a: { type: "integer" } },
      allOf: [{ anyOf: [{ required: ["a"] }, { properties: { b: { const: 1 } }, required: ["b"] }] }],
    },
    accepts: [{ a: 1 }, { b: 1 }, { a: 1, b: 1 }],
    rejects: [{}, { b: 2 }],
  },
  "limits from several places": {
    schema: {
      type: ["number", "string"],
      allOf: [{ minimum: 1 }, { minimum: 2, maximum: 9 }, { type: "integer", maximum: 3 }],
    },
    accepts: [2, 3],
    rejects: [1, 4, 2.5, "a"],
  },
  "a type beside branches": {
    schema: { type: "string", anyOf: [{ enum: ["a", 1] }, { minLength: 3 }, { type: "integer" }] },
    accepts: ["a", "abc"],
    rejects: [1, "b"],
  },
  "items from several places": {
    schema: {
      type: "array",
      items: { type: "integer" },
      allOf: [{ items: { minimum: 5 }, minItems: 1 }, { maxItems: 2 }],
    },
    accepts: [[5], [5, 6]],
    rejects: [[], [4], [5, 6, 7]],
  },
  "a branch that no value can match beside the rest": {
    schema: { type: "object", properties: { a: {} }, anyOf: [{ type: "string" }, { required: ["a"] }] },
    accepts: [{ a: 1 }],
    rejects: [{}, "a"],
  },
  "an optional member that no value can match": {
    schema: { properties: { a: { type: "string" } }, allOf: [{ properties: { a: { type: "null" } } }] },
    accepts: [{}],
    rejects: [{ a: "a" }, { a: null }],
  },
  "a nullable reference beside other keywords": {
    schema: { oneOf: SHAPES, nullable: true, $defs },
    accepts: [null, { shape: "circle", radius: 1 }],
    rejects: [{ shape: "circle", side: 1 }],
  },
  "recursion through branches beside other keywords": {
    schema: {
      $ref: "#/$defs/node",
      $defs: {
        node: {
          type: "object",
          properties: { name: { type: "string" } },
          required: ["name"],
          oneOf: [
            { properties: { leaf: { const: true } }, required: ["leaf"] },
            { properties: { next: { $ref: "#/$defs/node" } }, required: ["next"] },
          ],
        },
      },
    },
    accepts: [{ name: "a", leaf: true }, { name: "a", next: { name: "b", leaf: true } }],
    rejects: [{ name: "a" }, { name: "a", leaf: true, next: { name: "b", leaf: true } }, { leaf: true }],
  },
  "recursion through two schemas at once": {
    schema: {
      allOf: [{ $ref: "#/$defs/one" }, { $ref: "#/$defs/two" }],
      $defs: {
        one: { type: "object", properties: { a: { const: 1 }, next: { $ref: "#/$defs/one" } }, required: ["a"] },
        two: { type: "object", properties: { b: { const: 2 }, next: { $ref: "#/$defs/two" } }, required: ["b"] },
      },
    },
    accepts: [{ a: 1, b: 2 }, { a: 1, next: { a: 1, b: 2 }, b: 2 }],
    rejects: [{ a: 1, next: { a: 1 }, b: 2 }, { a: 1 }],
  },
  "oneOf of references": {
    schema: { oneOf: SHAPES, $defs },
    accepts: [{ shape: "circle", radius: 1 }, { shape: "square", side: 1 }],
    rejects: [{ shape: "circle", side: 1 }, { shape: "square" }],
  },
  "a discriminator without constants": {
    schema: {
      oneOf: [{ $ref: "#/$defs/Plane" }, { $ref: "#/$defs/Boat" }],
      discriminator: { propertyName: "by", mapping: { air: "#/$defs/Plane" } },
      $defs: {
        Plane: { type: "object", properties: { by: { type: "string" }, gate: { type: "integer" } } },
        Boat: { type: "object", properties: { by: { type: "string" }, pier: { type: "integer" } } },
      },
    },
    accepts: [{ by: "air", gate: 1 }, { by: "Boat", pier: 1 }, { by: "Boat" }],
    rejects: [{ by: "air", gate: "a" }, { by: "Boat", pier: "a" }, { gate: 1 }, { by: "sea" }],
  },
  "a discriminator of anyOf, whose constants are not required": {
    schema: {
      anyOf: [
        { type: "object", properties: { by: { const: "air" }, n: { type: "integer" } } },
        { type: "object", properties: { by: { enum: ["sea", "lake"] } } },
      ],
      discriminator: { propertyName: "by" },
    },
    accepts: [{ by: "air", n: 1 }, { by: "sea" }, { by: "lake" }],
    rejects: [{ n: 1 }, {}, { by: "air", n: "a" }],
  },
}; // biome-ignore format: a table

describeSchemas(CASES);

test.each<[string, object, string]>([
  ["branches that nothing beside them allows", { type: "object", anyOf: [{ type: "string" }] }, "anyOf"],
  ["two patterns that exclude each other", { pattern: "^a$", allOf: [{ pattern: "^b$" }] }, "allOf.0.pattern"],
  ["a keyword in a branch that cannot be enforced", { type: "array", anyOf: [{ minItems: 1, uniqueItems: true }] }, "anyOf.0.uniqueItems"],
  ["branches without end", { type: "object", allOf: [{ $ref: "#" }] }, "allOf.0.$ref"],
  ["a combinator that is no list", { type: "object", oneOf: { type: "object" } }, "oneOf"],
  ["more alternatives than are worth it", { anyOf: Array.from({ length: 501 }, (_, n) => ({ required: [`a${n}`], properties: { a: { minimum: n } } })), type: "object" }, "anyOf"],
])("refuses %s and reports where they are", (_what, schema, path) => {
  expect(() => schemaGrammar(schema)).toThrow(SchemaError);
  expect(() => schemaGrammar(schema)).toThrow(expect.objectContaining({ path }));
}); // biome-ignore format: a table
