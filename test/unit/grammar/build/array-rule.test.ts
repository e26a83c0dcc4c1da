// Arrays: a prefix, further items, limits on their number.

import { describeSchemas, type SchemaCase } from "../../../support/schema-cases.ts";

const CASES: Record<string, SchemaCase> = {
  "an array of any length": {
    schema: { type: "array", items: { type: "integer" } },
    accepts: [[], [1], [1, 2, 3]],
    rejects: [["a"], 1],
  },
  "an array with limits": {
    schema: { type: "array", items: { type: "integer" }, minItems: 2, maxItems: 3 },
    accepts: [
      [1, 2],
      [1, 2, 3],
    ],
    rejects: [[], [1], [1, 2, 3, 4]],
  },
  "an array of at least one": {
    schema: { type: "array", items: { const: 1 }, minItems: 1 },
    accepts: [[1], [1, 1, 1]],
    rejects: [[]],
  },
  "an array of one at most": {
    schema: { type: "array", items: { const: 1 }, maxItems: 1 },
    accepts: [[], [1]],
    rejects: [[1, 1]],
  },
  "a long array": {
    schema: { type: "array", items: { const: 1 }, minItems: 130, maxItems: 200 },
    accepts: [Array(130).fill(1), Array(191).fill(1), Array(192).fill(1), Array(200).fill(1)],
    rejects: [Array(129).fill(1), Array(201).fill(1)],
  },
  "a tuple": {
    schema: {
      type: "array",
      prefixItems: [{ const: "a" }, { const: "b" }],
      items: false,
      minItems: 2,
    },
    accepts: [["a", "b"]],
    rejects: [["a"], ["b", "a"], ["a", "b", "c"], []],
  },
  "a tuple with optional and additional items": {
    schema: {
      type: "array",
      prefixItems: [{ const: "a" }, { const: "b" }],
      items: { const: 1 },
      minItems: 1,
      maxItems: 4,
    },
    accepts: [["a"], ["a", "b"], ["a", "b", 1], ["a", "b", 1, 1]],
    rejects: [[], ["a", 1], ["a", "b", 1, 1, 1]],
  },
  "arrays without items": {
    schema: { type: "array", items: { not: {} } },
    accepts: [[]],
    rejects: [[1]],
  },
};

describeSchemas(CASES);
