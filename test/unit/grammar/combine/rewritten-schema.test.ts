// Keywords that are compiled as combinators.

import { expect, test } from "vitest";
import { describeSchemas, type SchemaCase } from "../../../support/schema-cases.ts";
import { schemaGrammar } from "../../../support/schema-grammar.ts";

const A_AND_B = { type: "object", properties: { a: { const: 1 }, b: { const: 2 } } };

const CASES: Record<string, SchemaCase> = {
  "a member that must not be there": {
    schema: { ...A_AND_B, not: { required: ["a"] } },
    accepts: [{}, { b: 2 }],
    rejects: [{ a: 1 }],
  },
  "members that must not be there together": {
    schema: { ...A_AND_B, not: { type: "object", required: ["a", "b"] } },
    accepts: [{}, { a: 1 }, { b: 2 }],
    rejects: [{ a: 1, b: 2 }],
  },
  "none of several members": {
    schema: { ...A_AND_B, not: { anyOf: [{ required: ["a"] }, { required: ["b"] }] } },
    accepts: [{}],
    rejects: [{ a: 1 }, { b: 2 }],
  },
  "either of two members, in long": {
    schema: {
      ...A_AND_B,
      oneOf: [
        { required: ["a"], not: { required: ["b"] } },
        { required: ["b"], not: { required: ["a"] } },
      ],
    },
    accepts: [{ a: 1 }, { b: 2 }],
    rejects: [{}, { a: 1, b: 2 }],
  },
  "not a type": {
    schema: { type: ["string", "null", "integer"], not: { type: "null" } },
    accepts: ["a", 1],
    rejects: [null],
  },
  "not some values": { schema: { enum: [1, 2, 3], not: { const: 2 } }, accepts: [1, 3], rejects: [2] },
  "at least one member": {
    schema: { ...A_AND_B, minProperties: 1 },
    accepts: [{ a: 1 }, { b: 2 }, { a: 1, b: 2 }],
    rejects: [{}],
  },
  "a member that needs another one": {
    schema: { ...A_AND_B, dependentRequired: { a: ["b"] } },
    accepts: [{}, { b: 2 }, { a: 1, b: 2 }],
    rejects: [{ a: 1 }],
  },
}; // biome-ignore format: a table

describeSchemas(CASES);

test.each([
  ["not", { type: "string", not: { pattern: "^a" } }],
  ["not", { not: { required: ["a"], properties: { a: { const: 1 } } } }],
  ["minProperties", { ...A_AND_B, minProperties: 2 }],
  ["oneOf.0.minProperties", { oneOf: [{ ...A_AND_B, minProperties: 1 }, { type: "null" }] }],
  ["dependentRequired", { ...A_AND_B, dependentRequired: { a: "b" } }],
])("refuses %s in %j", (path, schema) => {
  expect(() => schemaGrammar(schema)).toThrow(expect.objectContaining({ path }));
});
