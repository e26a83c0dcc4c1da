// What compiling may cost in all. Counted in work, so that the same schema is always answered alike.

import { expect, test } from "vitest";
import { CompileBudget } from "../../../src/grammar/compile-budget.ts";
import { schemaGrammar, schemaRules } from "../../../src/grammar/json-schema.ts";
import { SchemaError } from "../../../src/grammar/schema-keywords.ts";

const many = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));
const object = (count: number, property: (index: number) => unknown) => ({
  type: "object",
  properties: Object.fromEntries(many(count, (index) => [`p${index}`, property(index)])),
});
const texts = (count: number, pattern: (index: number) => string) =>
  object(count, (index) => ({ type: "string", pattern: pattern(index) }));

/** With what is spent, step by step. */
class CountedBudget extends CompileBudget {
  units = 0;
  /** Without what is asked for last. */
  unitsBefore = 0;
  steps = 0;

  override spend(units: number): void {
    this.unitsBefore = this.units;
    this.units += units;
    this.steps += 1;
    super.spend(units);
  }
}

/** More than a document has are counted, too. */
function unitsOf(schema: unknown, budget = new CountedBudget(Number.POSITIVE_INFINITY)): number {
  const before = budget.units;
  schemaGrammar(schema, budget);
  return budget.units - before;
}

/** Each part of these is allowed by itself. */
const COSTLY: readonly (readonly [what: string, schema: unknown])[] = [
  ["a thousand patterns", texts(1_000, (n) => `^(${many(60, (at) => `c${at}x${n}`).join("|")}){1,99}$`)],
  ["patterns of two thousand characters", texts(500, (n) => `^${".".repeat(1_900)}${n}$`)],
  ["patterns of groups in groups", texts(500, (n) => `^${"(".repeat(900)}${n}${")".repeat(900)}$`)],
  ["patterns that may begin anywhere", texts(2_000, (n) => `\\w+@\\w+\\.(com|org)${n}`)],
  ["large classes", texts(300, (n) => `^[${many(1_800, (at) => String.fromCodePoint(0x4e00 + at * 2)).join("")}]{1,99}${n}$`)],
  ["numbers between limits", object(1_600, (n) => ({ type: "number", minimum: -123_456_789_012_345 - n, maximum: 987_654_321_012_345 + n }))],
  ["a value of megabytes", { const: "x".repeat(4_000_000) }],
  ["values in branches in branches", many(30, () => 0).reduce<unknown>((inner) => ({ anyOf: [inner, { type: "null" }] }), { enum: many(1_900, (n) => `${n}${"x".repeat(50)}`) })],
  ["a million required names", { type: "object", properties: {}, required: many(1_000_000, () => "a") }],
  ["branches that are told apart by many constants", { oneOf: many(2_000, () => object(150, () => ({ const: 1 }))) }],
]; // biome-ignore format: a table

test.each(COSTLY)(
  "%s are too much for one document, and refused in the middle",
  (_what, schema) => {
    const budget = new CountedBudget();
    const compile = () => schemaGrammar(schema, budget);

    expect(compile).toThrow(SchemaError);
    expect(budget.isSpent).toBe(true);
    expect(budget.unitsBefore).toBeLessThanOrEqual(200_000);
    expect(compile).toThrow("too much work to compile");
  },
);

test.each<[string, unknown]>([
  ["forty patterns that people write", texts(40, (n) => `^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\\.[a-z]{2,${n + 2}}$`)],
  ["thirty patterns without anchors", texts(30, (n) => `[a-f0-9]{${n + 1}}`)],
  ["a thousand values", { enum: many(1_000, (n) => `value ${n}`) }],
  ["four hundred optional properties", object(400, () => ({ type: "string" }))],
])("%s leave most of the budget", (_what, schema) => {
  expect(unitsOf(schema)).toBeLessThan(100_000);
}); // biome-ignore format: a table

test("a pattern that is there many times costs little more than once", () => {
  const pattern = "[a-f0-9]{60}";

  const [once, often] = [texts(1, () => pattern), texts(100, () => pattern)].map((schema) =>
    unitsOf(schema),
  );

  expect(often).toBeLessThan(2 * (once ?? 0));
});

test("a pattern is checked once for all schemas of a document, in each way that it is written", () => {
  const budget = new CountedBudget(Number.POSITIVE_INFINITY);
  const schema = { type: "string", pattern: "[a-f0-9]{60}" };
  const first = unitsOf(schema, budget);

  expect(unitsOf(schema, budget)).toBeLessThan(first / 5);

  const bare = { quote: "|", areNamesQuoted: false, hasEscapes: false };
  const before = budget.units;
  schemaRules(schema, { rule: "root", syntax: bare, budget });
  expect(budget.units - before).toBeGreaterThan(first / 2);
});

test("once it is spent, nothing more is compiled", () => {
  const budget = new CompileBudget(10);

  expect(() => schemaGrammar({ enum: ["abcdefgh".repeat(50)] }, budget)).toThrow("too much work");
  expect(() => schemaGrammar({ type: "null" }, budget)).toThrow("too much work");
});

test("rules are counted as they are added: what is too large is not written to its end", () => {
  const budget = new CountedBudget();
  const schema = object(4_000, (n) => ({ type: "string", maxLength: 60_000 + n }));

  expect(() => schemaGrammar(schema, budget)).toThrow("more than 80000 parts");

  expect(budget.steps).toBeLessThan(4_000);
});
