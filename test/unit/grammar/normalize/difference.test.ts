// Values of one schema that another one does not allow: not, if and else.

// biome-ignore-all lint/suspicious/noThenProperty: a keyword of JSON Schema

import { expect, test } from "vitest";
import { differenceOf } from "../../../../src/grammar/normalize/difference.ts";
import { describeSchemas, type SchemaCase } from "../../../support/schema-cases.ts";
import { schemaGrammar } from "../../../support/schema-grammar.ts";
import { shapeSamples } from "../../../support/shape-samples.ts";

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
  "no text of a pattern": {
    schema: { type: "string", not: { pattern: "^a" } },
    accepts: ["", "b", "ba"],
    rejects: ["a", "ab"],
  },
  "no object with a member of a value": {
    schema: { ...A_AND_B, not: { required: ["a"], properties: { a: { const: 1 } } } },
    accepts: [{}, { b: 2 }],
    rejects: [{ a: 1 }],
  },
  "no number of a range": {
    schema: { type: "integer", not: { minimum: 3, maximum: 5 } },
    accepts: [2, 6],
    rejects: [3, 4, 5],
  },
  "no array that begins with an item": {
    schema: { type: "array", not: { prefixItems: [{ const: 1 }], minItems: 1 } },
    accepts: [[], [2], [2, 1]],
    rejects: [[1], [1, 2]],
  },
  "no array that contains an item, and no item that is not described": {
    schema: { type: "array", not: { contains: { const: 1 } }, unevaluatedItems: false },
    accepts: [[]],
    rejects: [[1], [2]],
  },
  "a condition on a value": {
    schema: {
      type: "object",
      properties: { kind: { enum: ["a", "b"] }, size: { type: "integer" } },
      required: ["kind"],
      if: { properties: { kind: { const: "a" } } },
      then: { required: ["size"] },
      else: { properties: { size: { maximum: 3 } } },
    },
    accepts: [{ kind: "a", size: 9 }, { kind: "b" }, { kind: "b", size: 3 }],
    rejects: [{ kind: "a" }, { kind: "b", size: 9 }],
  },
  "at least two members": {
    schema: { ...A_AND_B, minProperties: 2, additionalProperties: false },
    accepts: [{ a: 1, b: 2 }],
    rejects: [{ a: 1 }, {}],
  },
}; // biome-ignore format: a table

describeSchemas(CASES);

test.each([
  ["not", { type: "number", not: { type: "integer" } }],
  ["not", { type: "number", not: { not: { type: "integer" } } }],
  ["not", { type: "array", not: { uniqueItems: true } }],
  ["if", { type: "number", if: { type: "integer" }, then: { minimum: 5 } }],
  ["properties.a.not", { type: "object", properties: { a: { type: "number", not: { multipleOf: 2 } } } }],
])("refuses %s in %j, because the rest cannot be stated", (path, schema) => {
  expect(() => schemaGrammar(schema)).toThrow(expect.objectContaining({ path }));
}); // biome-ignore format: a table

test("a difference has no value of the other schema, and all others unless it is said to be a part", () => {
  const { of, context, matching } = shapeSamples();
  let exact = 0;
  for (const a of of)
    for (const b of of) {
      const { shapes, isIncomplete } = differenceOf(a, b, context);
      const [found, theirs] = [matching(shapes), matching(b)];
      const expected = matching(a).filter((value) => !theirs.includes(value));
      expect(expected).toEqual(expect.arrayContaining([...found]));
      if (!isIncomplete) expect(found).toEqual(expected);
      exact += isIncomplete ? 0 : 1;
    }
  expect(exact).toBeGreaterThan(600);
});
