// The values of several normal forms together, in as few shapes as possible.

import { expect, test } from "vitest";
import type { Json } from "../../../../src/generation/request.ts";
import { ANY_VALUE } from "../../../../src/grammar/normalize/shapes.ts";
import { unionOf } from "../../../../src/grammar/normalize/union.ts";
import { normalizerOf, shapeSamples } from "../../../support/shape-samples.ts";

const { of, context, matching } = shapeSamples();

test("the union of two has exactly the values of both", () => {
  for (const a of of)
    for (const b of of) {
      const expected = new Set([...matching(a), ...matching(b)]);
      expect(new Set(matching(unionOf([...a, ...b], context)))).toEqual(expected);
    }
});

const union = (...schemas: readonly Json[]) => normalizerOf(true).shapesOf({ anyOf: schemas });

test.each<[string, Json[], number]>([
  ["texts of two patterns", [{ type: "string", pattern: "a" }, { type: "string", pattern: "b" }], 1],
  ["a type and values of it", [{ type: "string" }, { enum: ["a", "b"] }], 1],
  ["values of two lists", [{ enum: ["a", 1] }, { const: 2 }], 1],
  ["objects that differ in which members are there", [{ type: "object", required: ["a"] }, { type: "object", required: ["b"] }], 1],
  ["objects that differ in a member", [{ type: "object", properties: { a: { const: 1 } } }, { type: "object", properties: { a: { const: 2 } } }], 2],
])("%s become this number of shapes", (_what, schemas, count) => {
  expect(union(...schemas)).toHaveLength(count);
}); // biome-ignore format: a table

test("all types together are any value", () => {
  const types = ["null", "boolean", "number", "string", "array", "object"];

  expect(union(...types.map((type) => ({ type })))).toBe(ANY_VALUE);
});
