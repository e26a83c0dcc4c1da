// Numbers of a JSON Schema: their limits and their step.

import { sizeOf } from "./grammar-cost.ts";
import { anyInteger, anyNumber } from "./json.ts";
import type { GrammarNode } from "./nodes.ts";
import { atLeast, atMost, isPowerOfTwo, limitOf } from "./number-limit.ts";
import { multiples } from "./number-multiples.ts";
import { integerRange, numberRange } from "./number-range.ts";
import type { Rules } from "./rules.ts";
import { EmptyError, KeywordError, readNumber, type Schema } from "./schema-keywords.ts";

/** A limit from here on is above all numbers that are written without one: it says nothing. */
const BEYOND_ALL = 1e116;
/** A limit from here on would cost more than it says: numbers with a limit have no exponent, and end well below it. */
const BEYOND_DIGITS = 1e40;

/** Ranges are more work than their text shows. */
const UNITS_PER_CHAR = 1 / 3;

type Bound = {
  readonly keyword: string;
  readonly value: number;
  readonly isExclusive: boolean;
};

/** @throws KeywordError */
export function numberRule(type: "integer" | "number", schema: Schema, rules: Rules): GrammarNode {
  const min = strictest(boundsOf(schema, "minimum", "exclusiveMinimum"), (a, b) => a - b);
  const max = strictest(boundsOf(schema, "maximum", "exclusiveMaximum"), (a, b) => b - a);
  const step = readNumber(schema, "multipleOf") ?? (type === "integer" ? 1 : null);
  const isUnlimited = [min, max].every((bound) => !bound || Math.abs(bound.value) >= BEYOND_ALL);
  const isAny = step === null || (step === 1 && type === "integer");
  if (isUnlimited && isAny && !isEmpty(min, max))
    return type === "integer" ? anyInteger(rules) : anyNumber(rules);
  const key = JSON.stringify([type, min, max, step]);
  return rules.shared("number", key, () => {
    const range = rangeOf(rules, { type, min, max, step });
    rules.budget.spend(sizeOf(range).chars * UNITS_PER_CHAR);
    return rules.add("number", range);
  });
}

/** Limits beyond all numbers, on their inner side. */
function isEmpty(min: Bound | null, max: Bound | null): boolean {
  return (min?.value ?? 0) >= BEYOND_DIGITS || (max?.value ?? 0) <= -BEYOND_DIGITS;
}

function boundsOf(schema: Schema, inclusive: string, exclusive: string): readonly Bound[] {
  // In draft 4 and OpenAPI 3.0, true makes the other limit exclusive.
  const isExclusive = schema[exclusive] === true;
  const value = readNumber(schema, inclusive);
  const other = typeof schema[exclusive] === "boolean" ? null : readNumber(schema, exclusive);
  return [
    ...(value === null ? [] : [{ keyword: inclusive, value, isExclusive }]),
    ...(other === null ? [] : [{ keyword: exclusive, value: other, isExclusive: true }]),
  ];
}

function strictest(
  bounds: readonly Bound[],
  compare: (a: number, b: number) => number,
): Bound | null {
  const [first, second] = bounds;
  if (!first || !second) return first ?? null;
  return compare(first.value, second.value) > 0 ? first : second; // the second is exclusive
}

type RangeOptions = {
  readonly type: "integer" | "number";
  readonly min: Bound | null;
  readonly max: Bound | null;
  /** Null for any decimal. */
  readonly step: number | null;
};

function rangeOf(rules: Rules, { type, min, max, step }: RangeOptions): GrammarNode {
  const keyword = min?.keyword ?? max?.keyword ?? "multipleOf";
  if (isEmpty(min, max)) throw nothingLeft(keyword);
  const low = min && min.value > -BEYOND_DIGITS ? limitOf(min.value, min.isExclusive) : null;
  // 2^63 was read from 2^63 - 1: a number in JSON has 53 bits.
  const isBelow = max?.isExclusive || (type === "integer" && isPowerOfTwo(max?.value ?? 0));
  const high = max && max.value < BEYOND_DIGITS ? limitOf(max.value, isBelow) : null;
  if (step === 1) {
    const range = integerRange(rules, low && atLeast(low), high && atMost(high));
    if (range) return range;
    throw nothingLeft(keyword);
  }
  const range =
    step === null
      ? numberRange(rules, { min: low, max: high })
      : multiples(rules, { type, step, low, high });
  if (range === "unsupported")
    throw new KeywordError("multipleOf", `${step} cannot be enforced: only steps that divide a power of ten, or a few values between two limits`); // biome-ignore format: one line
  if (range) return range;
  throw nothingLeft(keyword);
}

function nothingLeft(keyword: string): EmptyError {
  return new EmptyError(keyword, "leaves no number that a grammar can express");
}
