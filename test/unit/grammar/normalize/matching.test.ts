// A value matches the normal form of a schema as the specification says.

import { expect, test } from "vitest";
import { areEqual, equalKey, matchesSchema } from "../../../../src/grammar/normalize/matching.ts";
import { SchemaValidator } from "../../../support/schema-validator.ts";
import { normalizerOf, SCHEMAS, shapeSamples, VALUES } from "../../../support/shape-samples.ts";

test("of all small schemas, exactly the values match that a validator accepts", () => {
  const { of, matching } = shapeSamples();

  for (const [index, schema] of SCHEMAS.entries()) {
    const validator = new SchemaValidator(schema);
    const valid = VALUES.filter((value) => validator.allows(value));
    expect(matching(of[index] ?? []), JSON.stringify(schema)).toEqual(valid.map((value) => JSON.stringify(value))); // biome-ignore format: one line
  }
});

test("schemas inside of objects and arrays are followed, also recursively", () => {
  const document = { properties: { next: { $ref: "#" } }, required: ["n"], type: "object" };
  const { context } = normalizerOf(document);

  expect(matchesSchema({ $ref: "#" }, { n: 1, next: { n: 2 } }, context)).toBe(true);
  expect(matchesSchema({ $ref: "#" }, { n: 1, next: {} }, context)).toBe(false);
});

test("values are compared as JSON Schema does: the order of members does not count", () => {
  expect(areEqual({ a: 1, b: [{ c: 1, d: 2 }] }, { b: [{ d: 2, c: 1 }], a: 1 })).toBe(true);
  expect(areEqual([1, 2], [2, 1])).toBe(false);
  expect(areEqual(null, {})).toBe(false);
  expect(areEqual("1", 1)).toBe(false);
  expect(equalKey({ b: 1, a: 2 })).toBe(equalKey({ a: 2, b: 1 }));
});
