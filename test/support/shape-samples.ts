// Small schemas and values, of which tests combine all with all, and what normalizes them.

import type { Json } from "../../src/generation/request.ts";
import { CompileBudget } from "../../src/grammar/compile-budget.ts";
import { matchesShape } from "../../src/grammar/normalize/matching.ts";
import { Normalizer } from "../../src/grammar/normalize/normalizer.ts";
import { References } from "../../src/grammar/normalize/references.ts";
import { SchemaJoiner } from "../../src/grammar/normalize/schema-joiner.ts";
import { SchemaReport } from "../../src/grammar/normalize/schema-report.ts";
import type { ShapeContext } from "../../src/grammar/normalize/shape-context.ts";
import type { Shape } from "../../src/grammar/normalize/shapes.ts";
import { Rules } from "../../src/grammar/rules.ts";
import { allowsText, checkPattern } from "../../src/grammar/text/text-checks.ts";

export const SCHEMAS: readonly Json[] = [
  true,
  false,
  { type: "null" },
  { type: "boolean" },
  { type: ["integer", "string"] },
  { type: "number", minimum: 1 },
  { type: "number", exclusiveMinimum: 0, maximum: 2 },
  { type: "integer", maximum: 1 },
  { type: "string" },
  { type: "string", minLength: 1, maxLength: 2 },
  { type: "string", pattern: "^a" },
  { enum: ["a", 1, null, [1], { a: 1 }] },
  { const: true },
  { enum: [[], {}] },
  { type: "array", items: { type: "integer" } },
  { type: "array", minItems: 1, maxItems: 2 },
  { type: "array", prefixItems: [{ const: 1 }] },
  { type: "array", contains: { const: 1 } },
  { type: "array", uniqueItems: true },
  { type: "object" },
  { type: "object", required: ["a"] },
  { type: "object", properties: { a: { type: "integer" }, b: { type: "string" } } },
  { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
  { type: "object", properties: { a: { const: 1 } }, additionalProperties: false },
  { type: "object", properties: { a: true, b: false } },
  { type: "object", dependentRequired: { a: ["b"] } },
  { type: "object", minProperties: 1, maxProperties: 1 },
  { type: "object", patternProperties: { "^b": { type: "string" } } },
  { type: "object", propertyNames: { maxLength: 1 } },
  { type: "object", additionalProperties: { type: "integer" } },
];

export const VALUES: readonly Json[] = [
  ...[null, true, false, -1, 0, 0.5, 1, 1.5, 2, 3, "", "a", "ab", "b", "abc"],
  ...[[], [1], [1, 1], [2, 1], ["a"], [1, "a", 1]],
  ...[{}, { a: 1 }, { a: "a" }, { b: "a" }, { b: 1 }, { a: 1, b: "a" }, { a: "a", b: 1 }, { c: 1 }],
  ...[{ bb: "a" }, { a: 1, bb: 1 }, { a: null, c: true }],
]; // biome-ignore format: a list

export type Shapes = {
  readonly context: ShapeContext;
  /** The values of a schema, by the position in `SCHEMAS`. */
  readonly of: readonly (readonly Shape[])[];
  /** The values among `VALUES` that match. */
  readonly matching: (shapes: readonly Shape[]) => readonly string[];
};

/** @param document may be referred to by the schemas of it */
export function normalizerOf(document: Json): Normalizer {
  const budget = new CompileBudget(Number.POSITIVE_INFINITY);
  const rules = new Rules({ budget });
  const report = new SchemaReport({ ignored: null, refusesMistakes: false });
  const spend = (units: number) => budget.spend(units);
  return new Normalizer({
    report,
    references: new References(document, spend),
    joiner: new SchemaJoiner(report),
    spend,
    allowsText: (condition, text) => allowsText(condition, text, rules),
    checkPattern: (pattern) => checkPattern(pattern, rules),
  });
}

export function shapeSamples(): Shapes {
  const normalizer = normalizerOf(true);
  const { context } = normalizer;
  const matches = (shapes: readonly Shape[], value: Json) =>
    shapes.some((shape) => matchesShape(shape, value, context));
  return {
    context,
    of: SCHEMAS.map((schema) => normalizer.shapesOf(schema)),
    matching: (shapes) =>
      VALUES.filter((value) => matches(shapes, value)).map((value) => JSON.stringify(value)),
  };
}
