// The cost limit of compiling. It counts work, so the same schema always gets the same answer.

import { expect, test } from "vitest";
import { CompileBudget } from "../../../src/grammar/compile-budget.ts";
import { schemaRules } from "../../../src/grammar/json-schema.ts";
import { SchemaError } from "../../../src/grammar/schema-keywords.ts";
import { schemaGrammar } from "../../support/schema-grammar.ts";

const many = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));
const object = (count: number, property: (index: number) => unknown) => ({
  type: "object",
  properties: Object.fromEntries(many(count, (index) => [`p${index}`, property(index)])),
});
const texts = (count: number, pattern: (index: number) => string) =>
  object(count, (index) => ({ type: "string", pattern: pattern(index) }));

/** A budget that records what is spent at each step. */
class CountedBudget extends CompileBudget {
  units = 0;
  /** Units spent before the last call. */
  unitsBefore = 0;
  steps = 0;

  override spend(units: number): void {
    this.unitsBefore = this.units;
    this.units += units;
    this.steps += 1;
    super.spend(units);
  }
}

/** The budget is unlimited, so that excess is counted too. */
function unitsOf(schema: unknown, budget = new CountedBudget(Number.POSITIVE_INFINITY)): number {
  const before = budget.units;
  schemaGrammar(schema, budget);
  return budget.units - before;
}

/** Each part of these schemas is allowed by itself. */
const COSTLY: readonly (readonly [what: string, schema: unknown])[] = [
  ["a thousand patterns", texts(1_000, (n) => `^(${many(60, (at) => `c${at}x${n}`).join("|")}){1,99}$`)],
  ["patterns of two thousand characters", texts(500, (n) => `^(${many(900, () => "a").join("|")})${n}$`)],
  ["patterns with nested groups", texts(500, (n) => `^${"(".repeat(900)}${n}${")".repeat(900)}$`)],
  ["patterns that may match anywhere", texts(2_000, (n) => `\\w+@\\w+\\.(com|org)${n}`)],
  ["large classes", texts(300, (n) => `^[${many(1_800, (at) => String.fromCodePoint(0x4e00 + at * 2)).join("")}]{1,99}${n}$`)],
  ["numbers between limits", object(1_600, (n) => ({ type: "number", minimum: -123_456_789_012.345 - n, maximum: 987_654_321_012.345 + n }))],
  ["a value of megabytes", { const: "x".repeat(4_000_000) }],
  ["values in nested branches", many(30, () => 0).reduce<unknown>((inner) => ({ anyOf: [inner, { type: "null" }] }), { enum: many(1_900, (n) => `${n}${"x".repeat(50)}`) })],
  ["a million required names", { type: "object", properties: {}, required: many(1_000_000, () => "a") }],
  ["branches that exclude each other", { ...object(150, () => ({ type: "string" })), oneOf: many(150, (n) => ({ required: [`p${n}`] })) }],
  ["branches that multiply", { allOf: many(8, (n) => ({ anyOf: many(2, (at) => object(60, () => ({ maxLength: n + at }))) })) }],
  ["a long value beside many branches", { enum: ["x".repeat(1_000_000)], anyOf: many(400, (n) => ({ const: n })) }],
  ["a long value in one of many branches", { oneOf: [{ const: "x".repeat(1_000_000) }, ...many(400, (n) => ({ type: "string", maxLength: n }))] }],
  ["values in many branches", { oneOf: many(40, (n) => ({ enum: many(1_900, (at) => `${n} ${at}`) })) }],
]; // biome-ignore format: a table

test.each(COSTLY)(
  "%s exceed the budget of one document, and are refused midway",
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
  ["forty realistic patterns", texts(40, (n) => `^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\\.[a-z]{2,${n + 2}}$`)],
  ["thirty patterns without anchors", texts(30, (n) => `[a-f0-9]{${n + 1}}`)],
  ["a thousand values", { enum: many(1_000, (n) => `value ${n}`) }],
  ["four hundred optional properties", object(400, () => ({ type: "string" }))],
])("%s leave most of the budget", (_what, schema) => {
  expect(unitsOf(schema)).toBeLessThan(100_000);
}); // biome-ignore format: a table

test("a pattern used many times costs little more than a pattern used once", () => {
  const pattern = "[a-f0-9]{60}";

  const [once, often] = [texts(1, () => pattern), texts(100, () => pattern)].map((schema) =>
    unitsOf(schema),
  );

  expect(often).toBeLessThan(2 * (once ?? 0));
});

test("a pattern is checked once per syntax for all schemas of a document", () => {
  const budget = new CountedBudget(Number.POSITIVE_INFINITY);
  const schema = { type: "string", pattern: "[a-f0-9]{60}" };
  const first = unitsOf(schema, budget);

  expect(unitsOf(schema, budget)).toBeLessThan(first / 5);

  const bare = { quote: "|", areNamesQuoted: false, hasEscapes: false };
  const before = budget.units;
  schemaRules(schema, { rule: "root", syntax: bare, budget });
  expect(budget.units - before).toBeGreaterThan(first / 2);
});

test("nothing more is compiled once the budget is spent", () => {
  const budget = new CompileBudget(10);

  expect(() => schemaGrammar({ enum: ["abcdefgh".repeat(50)] }, budget)).toThrow("too much work");
  expect(() => schemaGrammar({ type: "null" }, budget)).toThrow("too much work");
});

test("rules are counted while they are added, so a grammar that gets too large is not completed", () => {
  const budget = new CountedBudget();
  const schema = object(4_000, (n) => ({ type: "string", maxLength: 60_000 + n }));

  expect(() => schemaGrammar(schema, budget)).toThrow("more than 80000 parts");

  expect(budget.steps).toBeLessThan(4_000);
});
