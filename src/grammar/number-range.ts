// The numbers between two limits, digit by digit, because a grammar cannot compare numbers.

import { charClass, choice, type GrammarNode, optional, repeated, sequence } from "./nodes.ts";
import {
  digitsFor,
  FROM_ZERO,
  isAbove,
  isBelow,
  isReversed,
  isZero,
  type Limit,
  MOST_DIGITS,
  roundedDown,
  roundedUp,
  type SignedLimit,
} from "./number-limit.ts";
import { regExpNode } from "./pattern-parser.ts";
import type { Rules } from "./rules.ts";

const DIGIT = regExpNode("[0-9]");
const ZERO = regExpNode("0");
const FIRST_DIGIT = regExpNode("[1-9]");

export type NumberRangeOptions = {
  /** Null stands for no limit. */
  readonly min: SignedLimit | null;
  readonly max: SignedLimit | null;
  /** After the point. */
  readonly mostDigits?: number;
};

/** @returns null if no number is in the range */
export function numberRange(
  rules: Rules,
  { min, max, mostDigits = MOST_DIGITS }: NumberRangeOptions,
): GrammarNode | null {
  const hasZero = !(isAbove(min) || isBelow(max));
  const zero = { ...FROM_ZERO, isExclusive: !hasZero };
  const parts: GrammarNode[] = [];
  if (!max?.isNegative) {
    const up = decimals(rules, {
      from: min && !min.isNegative ? min : zero,
      to: max,
      most: mostDigits,
    });
    if (up) parts.push(up);
  }
  if (min === null || min.isNegative) {
    const down = decimals(rules, {
      from: max && (max.isNegative || isZero(max)) ? max : zero,
      to: min,
      most: mostDigits,
    });
    if (down) parts.push(sequence("-", down));
  }
  return parts.length === 0 ? null : choice(...parts);
}

type DecimalsOptions = {
  readonly from: Limit;
  readonly to: Limit | null;
  readonly most: number;
};

/** Decimals without a sign. */
function decimals(rules: Rules, { from, to, most }: DecimalsOptions): GrammarNode | null {
  const [low, high] = [roundedUp(from), to && roundedDown(to)];
  if (high && (high.whole < low.whole || (high.whole === low.whole && isReversed(low, high))))
    return null;
  const parts: (GrammarNode | null)[] = [];
  if (high && high.whole === low.whole) {
    const range = { low: low.fraction, high: high.fraction, isAbove: low.isExclusive, isBelow: high.isExclusive }; // biome-ignore format: one line
    parts.push(withFraction(low.whole, fractions(rules, range, digitsFor([low, high], most))));
    return anyOf(parts);
  }
  const lowest = { low: low.fraction, high: null, isAbove: low.isExclusive, isBelow: false };
  // A limit that is excluded and whole lies at the end of the decimals of the number before it.
  const isAtEnd = high?.isExclusive === true && high.fraction === "";
  const last = high && (isAtEnd ? high.whole - 1n : high.whole);
  const nearest = isAtEnd && last === low.whole ? [low, high] : [low];
  parts.push(withFraction(low.whole, fractions(rules, lowest, digitsFor(nearest, most))));
  const between = naturals(rules, low.whole + 1n, last && last - 1n);
  if (between)
    parts.push(withFraction(between, fractions(rules, FREE, Math.min(most, MOST_DIGITS))));
  if (high && last !== null && last > low.whole) {
    const highest = isAtEnd
      ? FREE
      : { low: null, high: high.fraction, isAbove: false, isBelow: high.isExclusive };
    parts.push(withFraction(last, fractions(rules, highest, digitsFor([high], most))));
  }
  return anyOf(parts);
}

/** Digits after the point that the limits have left to compare; null where a limit no longer matters. */
type FractionRange = {
  readonly low: string | null;
  readonly high: string | null;
  readonly isAbove: boolean;
  readonly isBelow: boolean;
};

const FREE: FractionRange = { low: null, high: null, isAbove: false, isBelow: false };

type Fractions = {
  /** One digit or more; null if there are none. */
  readonly digits: GrammarNode | null;
  /** Whether there may be no digits. */
  readonly mayBeNone: boolean;
};

function withFraction(whole: GrammarNode | bigint, { digits, mayBeNone }: Fractions) {
  const before = typeof whole === "bigint" ? String(whole) : whole;
  if (!digits) return mayBeNone ? sequence(before) : null;
  const after = sequence(".", digits);
  return sequence(before, mayBeNone ? optional(after) : after);
}

function fractions(rules: Rules, range: FractionRange, most: number): Fractions {
  const { low, high, isAbove, isBelow } = range;
  if (low === "" && !isAbove) return fractions(rules, { ...range, low: null }, most);
  const mayBeNone = low === null && (high === null || high !== "" || !isBelow);
  if (most === 0) return { digits: null, mayBeNone };
  if (high === "") {
    // Only zeros are not above it.
    return { digits: mayBeNone ? zeros(rules, 1, most) : null, mayBeNone };
  }
  if (high === null && low === null) return { digits: digits(rules, 1, most), mayBeNone };
  if (high === null && low === "") {
    const above = sequence(zeros(rules, 0, most - 1), FIRST_DIGIT, digits(rules, 0, most - 1));
    return { digits: above, mayBeNone };
  }
  const first = Number(low?.[0] ?? 0);
  const last = high === null ? 9 : Number(high[0]);
  if (first > last) return { digits: null, mayBeNone };
  const rest = (isFirst: boolean, isLast: boolean): FractionRange => ({
    low: isFirst && low !== null ? low.slice(1) : null,
    high: isLast && high !== null ? high.slice(1) : null,
    isAbove: isFirst && isAbove,
    isBelow: isLast && isBelow,
  });
  const digit = (from: number, to: number, then: FractionRange) =>
    followed(digitFrom(from, to), fractions(rules, then, most - 1));
  if (first === last) return { digits: digit(first, last, rest(true, true)), mayBeNone };
  const start = low === null ? first : first + 1;
  const end = high === null ? last : last - 1;
  const any = anyOf([
    low === null ? null : digit(first, first, rest(true, false)),
    start <= end ? digit(start, end, FREE) : null,
    high === null ? null : digit(last, last, rest(false, true)),
  ]);
  return { digits: any, mayBeNone };
}

function followed(digit: GrammarNode, { digits, mayBeNone }: Fractions): GrammarNode | null {
  if (!digits) return mayBeNone ? digit : null;
  return sequence(digit, mayBeNone ? optional(digits) : digits);
}

function anyOf(parts: readonly (GrammarNode | null)[]): GrammarNode | null {
  const possible = parts.filter((part) => part !== null);
  return possible.length === 0 ? null : choice(...possible);
}

/** Null stands for no limit. @returns null if the range is empty */
export function integerRange(
  rules: Rules,
  min: bigint | null,
  max: bigint | null,
): GrammarNode | null {
  const least = max !== null && max < 0n ? -max : 1n; // of the digits after a minus
  const negative =
    min === null || min < 0n ? naturals(rules, least, min === null ? null : -min) : null;
  const from = min === null || min < 0n ? 0n : min;
  const positive = max === null || max >= 0n ? naturals(rules, from, max) : null;
  return anyOf([negative && sequence("-", negative), positive]);
}

/** Integers from 0 up; null stands for no limit. @returns null if the range is empty */
export function naturals(rules: Rules, min: bigint, max: bigint | null): GrammarNode | null {
  if (max !== null && max < min) return null;
  const from = String(min);
  const to = max === null ? "9".repeat(Math.max(MOST_DIGITS, from.length + 2)) : String(max);
  if (from.length === to.length) return sameLength(rules, from, to);
  const parts: GrammarNode[] = [sameLength(rules, from, "9".repeat(from.length))];
  // Lengths of which all numbers are in the range.
  const [shortest, longest] = [from.length + 1, to.length - (/^9+$/.test(to) ? 0 : 1)];
  if (shortest <= longest)
    parts.push(sequence(FIRST_DIGIT, digits(rules, shortest - 1, longest - 1)));
  if (longest < to.length) parts.push(sameLength(rules, `1${"0".repeat(to.length - 1)}`, to));
  return choice(...parts);
}

/** Both limits have as many digits. */
function sameLength(rules: Rules, min: string, max: string): GrammarNode {
  if (/^0*$/.test(min) && /^9*$/.test(max)) return digits(rules, min.length, min.length);
  const [first, last] = [Number(min[0]), Number(max[0])];
  const [minRest, maxRest] = [min.slice(1), max.slice(1)];
  if (first === last) return sequence(String(first), sameLength(rules, minRest, maxRest));
  const [zeros, nines] = ["0".repeat(minRest.length), "9".repeat(minRest.length)];
  // The first digit alone decides, unless its rest is limited.
  const start = minRest === zeros ? first : first + 1;
  const end = maxRest === nines ? last : last - 1;
  return choice(
    ...(start > first ? [sequence(String(first), sameLength(rules, minRest, nines))] : []),
    ...(start <= end ? [sequence(digitFrom(start, end), sameLength(rules, zeros, nines))] : []),
    ...(end < last ? [sequence(String(last), sameLength(rules, zeros, maxRest))] : []),
  );
}

function digitFrom(first: number, last: number): GrammarNode {
  return charClass([[0x30 + first, 0x30 + last]]);
}

/** A number of digits, which many ranges end with, so it is a rule. */
function digits(rules: Rules, min: number, max: number): GrammarNode {
  if (max <= 1) return repeated(DIGIT, min, max);
  return rules.once(`digits-${min}-${max}`, () => repeated(DIGIT, min, max));
}

function zeros(rules: Rules, min: number, max: number): GrammarNode {
  return rules.once(`zeros-${min}-${max}`, () => repeated(ZERO, min, max));
}
