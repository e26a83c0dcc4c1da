// Where undeclared members are left out, as in the server by default, these cases say which members an object may have.

import { describe, expect, test } from "vitest";
import { schemaRules } from "../../../../src/grammar/json-schema.ts";
import { Gbnf } from "../../../support/gbnf.ts";

type ClosedCase = {
  readonly schema: object;
  readonly accepts: readonly object[];
  readonly rejects: readonly object[];
};

const CASES: Readonly<Record<string, ClosedCase>> = {
  "declared members": {
    schema: { type: "object", properties: { a: { type: "integer" } } },
    accepts: [{}, { a: 1 }],
    rejects: [{ b: 1 }, { a: 1, b: 1 }],
  },
  "declared members and patterns": {
    schema: {
      type: "object",
      properties: { a: { type: "integer" } },
      patternProperties: { "^x-": { type: "string" } },
    },
    accepts: [{ a: 1, "x-b": "c" }],
    rejects: [{ b: 1 }, { "x-b": 1 }],
  },
  "patterns alone": {
    schema: { type: "object", patternProperties: { "^k[0-9]$": { type: "integer" } } },
    accepts: [{}, { k1: 1, k2: 2 }],
    rejects: [{ x: 1 }, { k1: "1" }],
  },
  "a schema of all others": {
    schema: {
      type: "object",
      patternProperties: { "^k": { type: "integer" } },
      additionalProperties: { type: "string" },
    },
    accepts: [{ k1: 1 }, { a: "b" }],
    rejects: [{ a: 1 }, { k1: "1" }],
  },
  "members beside a reference that declares others": {
    schema: {
      allOf: [{ $ref: "#/$defs/base" }, { properties: { b: { type: "integer" } } }],
      $defs: { base: { type: "object", properties: { a: { type: "integer" } } } },
    },
    accepts: [{ a: 1, b: 2 }],
    rejects: [{ a: 1, c: 2 }],
  },
  "names that are listed, each at most once and in order": {
    schema: {
      type: "object",
      propertyNames: { enum: ["red", "green", "blue"] },
      additionalProperties: { type: "integer" },
    },
    accepts: [{}, { red: 1, blue: 2 }],
    rejects: [{ blue: 1, red: 2 }, { pink: 1 }, { red: "1" }],
  },
  "nothing declared": {
    schema: { type: "object" },
    accepts: [{}, { a: [1] }],
    rejects: [],
  },
};

describe.each(Object.entries(CASES))("%s", (_name, { schema, accepts, rejects }) => {
  const grammar = new Gbnf(schemaRules(schema, { isOpen: false }).toString());
  test.each(accepts.map((value) => JSON.stringify(value)))("accepts %s", (text) => {
    expect(grammar.matches(text)).toBe(true);
  });
  test.each(rejects.map((value) => JSON.stringify(value)))("rejects %s", (text) => {
    expect(grammar.matches(text)).toBe(false);
  });
});

test("a listed name is not written twice", () => {
  const names = { type: "object", propertyNames: { enum: ["a"] } };
  const grammar = new Gbnf(schemaRules(names, { isOpen: false }).toString());

  expect([grammar.matches('{"a":1}'), grammar.matches('{"a":1,"a":2}')]).toEqual([true, false]);
});
