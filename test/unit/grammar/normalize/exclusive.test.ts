// oneOf: no text of the grammar matches two branches.

import { expect, test } from "vitest";
import { SchemaError } from "../../../../src/grammar/schema-keywords.ts";
import { describeSchemas, type SchemaCase } from "../../../support/schema-cases.ts";
import { schemaGrammar } from "../../../support/schema-grammar.ts";

type Case = Omit<SchemaCase, "schema"> & { readonly branches: readonly unknown[] };

const A = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
const B = { type: "object", properties: { b: { type: "integer" } }, required: ["b"] };

const CASES: Record<string, Case> = {
  "other types": {
    branches: [{ type: "string" }, { type: ["integer", "null"] }],
    accepts: ["a", 1, null],
    rejects: [true],
  },
  "labelled values": {
    branches: [{ const: "a", title: "A" }, { const: "b", title: "B" }, { enum: [1, 2] }],
    accepts: ["a", "b", 1, 2],
    rejects: ["c", 3],
  },
  "values of which some are in both": {
    branches: [{ enum: ["a", "b"] }, { enum: ["b", "c"] }],
    accepts: ["a", "c"],
    rejects: ["b"],
  },
  "values beside a range": {
    branches: [{ enum: [-1, 5] }, { type: "integer", minimum: 0, maximum: 4 }],
    accepts: [-1, 5, 0, 4],
    rejects: [6],
  },
  "ranges that do not touch": {
    branches: [
      { type: "number", exclusiveMaximum: 3 },
      { type: "number", minimum: 3 },
    ],
    accepts: [2.5, 3, 4],
    rejects: ["a"],
  },
  "members that the other branch requires": {
    branches: [A, B],
    accepts: [{ a: 1 }, { b: 1 }],
    rejects: [{ a: 1, b: 1 }, {}],
  },
  "a closed branch and a longer one": {
    branches: [
      { ...A, additionalProperties: false },
      { ...A, properties: { ...A.properties, ...B.properties }, required: ["a", "b"] },
    ],
    accepts: [{ a: 1 }, { a: 1, b: 1 }],
    rejects: [{ b: 1 }],
  },
  "a constant that is not required": {
    branches: [
      { type: "object", properties: { kind: { const: "x", default: "x" }, n: { const: 1 } } },
      { type: "object", properties: { kind: { const: "y", default: "y" }, n: { const: 1 } } },
    ],
    accepts: [{ kind: "x" }, { kind: "y", n: 1 }],
    rejects: [{ n: 1 }, {}],
  },
  "constants of which some are references": {
    branches: [
      { type: "object", properties: { kind: { $ref: "#/$defs/x" } }, required: ["kind"] },
      { type: "object", properties: { kind: { enum: ["y", "z"] } }, required: ["kind"] },
    ],
    accepts: [{ kind: "x" }, { kind: "z" }],
    rejects: [{ kind: "w" }],
  },
  "members of other types": {
    branches: [
      { type: "object", properties: { at: { type: "string" } }, required: ["at"] },
      { type: "object", properties: { at: { type: "integer" } }, required: ["at"] },
    ],
    accepts: [{ at: "a" }, { at: 1 }],
    rejects: [{ at: null }],
  },
  "a type and a part of it": {
    branches: [{ type: "string" }, { type: "string", minLength: 1 }],
    accepts: [""],
    rejects: ["a", 1],
  },
  "a branch that allows nothing": {
    branches: [false, { type: "string" }],
    accepts: ["a"],
    rejects: [1],
  },
};

describeSchemas(
  Object.fromEntries(
    Object.entries(CASES).map(([name, { branches, ...values }]) => [
      name,
      { schema: { oneOf: branches, $defs: { x: { const: "x" } } }, ...values },
    ]),
  ),
);

test.each<[string, unknown[]]>([
  ["equal types", [{ type: "string" }, { type: "string" }]],
  ["integers among numbers", [{ type: "integer" }, { type: "number" }]],
  ["a longer object beside an open one", [A, { ...B, required: ["a", "b"] }]],
  ["the same constants", [A, A]],
  [
    "members of which only a part can be excluded",
    [
      { ...A, properties: { a: { not: { type: "integer" } } } },
      { ...A, properties: { a: { type: "number" } } },
    ],
  ],
  [
    "a type of which only a part can be excluded",
    [{ type: "number" }, { not: { type: "integer" } }],
  ],
])("refuses %s, because a value can match both", (_what, oneOf) => {
  expect(() => schemaGrammar({ oneOf })).toThrow(SchemaError);
  expect(() => schemaGrammar({ oneOf })).toThrow(expect.objectContaining({ path: "oneOf" }));
});
