// The cost limit of compiling. It counts work, so the same schema always gets the same answer.

import { expect, test } from "vitest";
import { CompileBudget } from "../../../src/grammar/compile-budget.ts";
import { addSchema } from "../../../src/grammar/json-schema.ts";
import { Rules } from "../../../src/grammar/rules.ts";
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
  ["patterns with nested groups", texts(500, (n) => `^${`(x${n}`.repeat(90)}${")?".repeat(90)}$`)],
  ["patterns that may match anywhere", texts(2_000, (n) => `\\w+@\\w+\\.(com|org)${n}`)],
  ["large classes", texts(300, (n) => `^[${many(1_800, (at) => String.fromCodePoint(0x4e00 + at * 2)).join("")}]{1,99}${n}$`)],
  ["numbers between limits", object(1_600, (n) => ({ type: "number", minimum: -123_456_789_012.345 - n, maximum: 987_654_321_012.345 + n }))],
  ["a value of megabytes", { const: "x".repeat(4_000_000) }],
  ["values in nested branches", many(30, () => 0).reduce<unknown>((inner) => ({ anyOf: [inner, { type: "null" }] }), { enum: many(1_900, (n) => `${n}${"x".repeat(50)}`) })],
  ["a million required names", { type: "object", properties: {}, required: many(1_000_000, (n) => `a${n}`) }],
  ["branches that exclude each other", { ...object(150, () => ({ type: "string" })), oneOf: many(150, (n) => ({ required: [`p${n}`] })) }],
  ["branches that multiply", { allOf: many(8, (n) => ({ anyOf: many(2, (at) => object(60, () => ({ maxLength: n + at }))) })) }],
  ["a long value in one of many branches", { oneOf: [{ const: "x".repeat(200_000) }, ...many(400, (n) => ({ type: "string", maxLength: n }))] }],
  ["members that need each other", { ...object(400, () => ({})), dependentRequired: Object.fromEntries(many(400, (n) => [`p${n}`, [`p${(n + 7) % 400}`, `p${(n + 31) % 400}`]])) }],
  ["dependent schemas in each other", many(40, (n) => n).reduce<unknown>((inner, n) => ({ dependentSchemas: { [`k${n}`]: inner, [`l${n}`]: { required: [`k${n}`] } } }), {})],
  ["numbers that are excluded one by one", { type: "integer", not: { enum: many(500, (n) => n * 7) } }],
  ["passwords", texts(60, (n) => `^(?=.*[A-Z])(?=.*[a-z])(?=.*\\d)(?=.*[^A-Za-z0-9]).{8,${64 + n}}$`)],
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
  const often = unitsOf(texts(100, () => "[a-f0-9]{60}"));
  const different = unitsOf(texts(100, (n) => `[a-f0-9]{${n + 60}}`));

  expect(often).toBeLessThan(different / 10);
});

test("schemas that share their rules share the work on a pattern", () => {
  const budget = new CountedBudget(Number.POSITIVE_INFINITY);
  const rules = new Rules({ budget });
  const schema = { type: "string", pattern: "[a-f0-9]{60}" };
  addSchema(rules, schema, { rule: "first" });
  const first = budget.units;

  addSchema(rules, { ...schema }, { rule: "second" });

  expect(budget.units - first).toBeLessThan(first / 5);
});

test("nothing more is compiled once the budget is spent", () => {
  const budget = new CompileBudget(10);

  expect(() => schemaGrammar({ enum: ["abcdefgh".repeat(50)] }, budget)).toThrow("too much work");
  expect(() => schemaGrammar({ type: "null" }, budget)).toThrow("too much work");
});

test("rules are counted while they are added, so a grammar that gets too large is not completed", () => {
  const budget = new CountedBudget();
  const schema = object(1_900, (n) => ({ type: "string", maxLength: 60_000 + n }));

  expect(() => schemaGrammar(schema, budget)).toThrow("more than 80000 parts");

  expect(budget.steps).toBeLessThan(1_900);
});

test("work that is allowed after the budget is spent comes from a reserve, and then is little", () => {
  const budget = new CompileBudget(0);
  const allowed = many(30, () => {
    budget.allow(10_000);
    let units = 0;
    expect(() => {
      for (;;) {
        budget.spend(100);
        units += 100;
      }
    }).toThrow(SchemaError);
    return units;
  });

  expect(allowed[0]).toBe(10_000);
  expect(allowed.at(-1)).toBe(2_500);
});
