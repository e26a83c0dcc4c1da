// The numbers between two limits, digit by digit, because a grammar cannot compare numbers. Limits are exact decimals.

import {
  charClass,
  choice,
  type GrammarNode,
  optional,
  repeated,
  sequence,
} from "./nodes.ts";
import { regExpNode } from "./pattern-parser.ts";

/** Most digits before the point without an upper limit, and most digits after it. */
const MOST_DIGITS = 16;
/** Limits are rounded into the range to this many digits after the point. */
const MOST_LIMIT_DIGITS = 20;
const DIGIT = regExpNode("[0-9]");
const ZERO = regExpNode("0");
const FIRST_DIGIT = regExpNode("[1-9]");

/** A limit on a number without its sign. */
export type Limit = {
  readonly whole: bigint;
  /** Digits after the point, without zeros at the end. */
  readonly fraction: string;
  readonly isExclusive: boolean;
};

export type SignedLimit = Limit & { readonly isNegative: boolean };

const FROM_ZERO: Limit = { whole: 0n, fraction: "", isExclusive: false };

/** @returns the number as the client wrote it: the shortest decimal that reads as this number */
export function limitOf(value: number, isExclusive: boolean): SignedLimit {
  const [, sign, whole = "", decimals = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([-+]\d+))?$/.exec(String(value)) ?? [];
  const digits = whole + decimals;
  const point = whole.length + Number(exponent);
  const before = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  const after = point > 0 ? digits.slice(point) : "0".repeat(-point) + digits;
  return {
    isNegative: sign === "-",
    whole: isPowerOfTwo(value) ? BigInt(Math.abs(value)) : BigInt(before),
    fraction: after.replace(/0+$/, ""),
    isExclusive,
  };
}

/** Above 2^53 these are the limits of integer types, of which the shortest decimal is another number. */
function isPowerOfTwo(value: number): boolean {
  return Math.abs(value) > Number.MAX_SAFE_INTEGER && Number.isInteger(Math.log2(Math.abs(value)));
}

/**
 * Null stands for no limit.
 * @param mostDigits after the point
 * @returns null if no number is in the range
 */
export function numberRange(
  min: SignedLimit | null,
  max: SignedLimit | null,
  mostDigits = MOST_DIGITS,
): GrammarNode | null {
  const hasZero = !(isAbove(min) || isBelow(max));
  const zero = { ...FROM_ZERO, isExclusive: !hasZero };
  const parts: GrammarNode[] = [];
  if (!max?.isNegative) {
    const up = decimals(min && !min.isNegative ? min : zero, max, mostDigits);
    if (up) parts.push(up);
  }
  if (min === null || min.isNegative) {
    const down = decimals(max && (max.isNegative || isZero(max)) ? max : zero, min, mostDigits);
    if (down) parts.push(sequence("-", down));
  }
  return parts.length === 0 ? null : choice(...parts);
}

/** Whether a lower limit excludes zero. */
function isAbove(min: SignedLimit | null): boolean {
  return min !== null && (isZero(min) ? min.isExclusive : !min.isNegative);
}

/** Whether an upper limit excludes zero. */
function isBelow(max: SignedLimit | null): boolean {
  return max !== null && (isZero(max) ? max.isExclusive : max.isNegative);
}

function isZero({ whole, fraction }: Limit): boolean {
  return whole === 0n && fraction === "";
}

/** Decimals without a sign. */
function decimals(from: Limit, to: Limit | null, most: number): GrammarNode | null {
  const [low, high] = [roundedUp(from), to && roundedDown(to)];
  if (high && (high.whole < low.whole || (high.whole === low.whole && isReversed(low, high))))
    return null;
  const parts: (GrammarNode | null)[] = [];
  if (high && high.whole === low.whole) {
    const range = { low: low.fraction, high: high.fraction, isAbove: low.isExclusive, isBelow: high.isExclusive }; // biome-ignore format: one line
    parts.push(withFraction(low.whole, fractions(range, digitsFor([low, high], most))));
    return anyOf(parts);
  }
  const lowest = { low: low.fraction, high: null, isAbove: low.isExclusive, isBelow: false };
  // A limit that is excluded and whole lies at the end of the decimals of the number before it.
  const isAtEnd = high?.isExclusive === true && high.fraction === "";
  const last = high && (isAtEnd ? high.whole - 1n : high.whole);
  const nearest = isAtEnd && last === low.whole ? [low, high] : [low];
  parts.push(withFraction(low.whole, fractions(lowest, digitsFor(nearest, most))));
  const between = naturals(low.whole + 1n, last && last - 1n);
  if (between) parts.push(withFraction(between, fractions(FREE, Math.min(most, MOST_DIGITS))));
  if (high && last !== null && last > low.whole) {
    const highest = isAtEnd
      ? FREE
      : { low: null, high: high.fraction, isAbove: false, isBelow: high.isExclusive };
    parts.push(withFraction(last, fractions(highest, digitsFor([high], most))));
  }
  return anyOf(parts);
}

function isReversed(low: Limit, high: Limit): boolean {
  if (low.fraction === high.fraction) return low.isExclusive || high.isExclusive;
  return low.fraction > high.fraction; // without zeros at the end, text is in the order of the numbers
}

/** Digits after the point near limits: so few that a number does not read as an excluded limit next to it. */
function digitsFor(limits: readonly Limit[], most: number): number {
  const digits = limits.map(({ whole, fraction, isExclusive }) =>
    Math.max(
      fraction === "" ? 0 : fraction.length + (isExclusive ? 1 : 0),
      MOST_DIGITS - (whole === 0n ? 0 : String(whole).length),
    ),
  );
  const atLeast = Math.max(...limits.map(({ fraction }) => fraction.length));
  return Math.min(most, Math.max(atLeast, Math.min(...digits)));
}

function roundedUp(limit: Limit): Limit {
  if (limit.fraction.length <= MOST_LIMIT_DIGITS) return limit;
  const scale = 10n ** BigInt(MOST_LIMIT_DIGITS);
  const up = limit.whole * scale + BigInt(limit.fraction.slice(0, MOST_LIMIT_DIGITS)) + 1n;
  const fraction = String(up % scale).padStart(MOST_LIMIT_DIGITS, "0").replace(/0+$/, "");
  return { whole: up / scale, fraction, isExclusive: false };
}

function roundedDown(limit: Limit): Limit {
  if (limit.fraction.length <= MOST_LIMIT_DIGITS) return limit;
  const fraction = limit.fraction.slice(0, MOST_LIMIT_DIGITS).replace(/0+$/, "");
  return { whole: limit.whole, fraction, isExclusive: false };
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

function fractions(range: FractionRange, most: number): Fractions {
  const { low, high, isAbove, isBelow } = range;
  if (low === "" && !isAbove) return fractions({ ...range, low: null }, most);
  const mayBeNone = low === null && (high === null || high !== "" || !isBelow);
  if (most === 0) return { digits: null, mayBeNone };
  if (high === "") {
    // Only zeros are not above it.
    return { digits: mayBeNone ? repeated(ZERO, 1, most) : null, mayBeNone };
  }
  if (high === null && low === null) return { digits: repeated(DIGIT, 1, most), mayBeNone };
  if (high === null && low === "") {
    const digits = sequence(repeated(ZERO, 0, most - 1), FIRST_DIGIT, repeated(DIGIT, 0, most - 1));
    return { digits, mayBeNone };
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
    followed(digitFrom(from, to), fractions(then, most - 1));
  if (first === last) return { digits: digit(first, last, rest(true, true)), mayBeNone };
  const start = low === null ? first : first + 1;
  const end = high === null ? last : last - 1;
  const digits = anyOf([
    low === null ? null : digit(first, first, rest(true, false)),
    start <= end ? digit(start, end, FREE) : null,
    high === null ? null : digit(last, last, rest(false, true)),
  ]);
  return { digits, mayBeNone };
}

function followed(digit: GrammarNode, { digits, mayBeNone }: Fractions): GrammarNode | null {
  if (!digits) return mayBeNone ? digit : null;
  return sequence(digit, mayBeNone ? optional(digits) : digits);
}

function anyOf(parts: readonly (GrammarNode | null)[]): GrammarNode | null {
  const possible = parts.filter((part) => part !== null);
  return possible.length === 0 ? null : choice(...possible);
}

/** The lowest integer that the limit allows. */
export function atLeast({ isNegative, whole, fraction, isExclusive }: SignedLimit): bigint {
  const towardsZero = isNegative ? -whole : whole;
  const isBeyond = fraction === "" ? isExclusive : !isNegative;
  return isBeyond ? towardsZero + 1n : towardsZero;
}

/** The highest integer that the limit allows. */
export function atMost(limit: SignedLimit): bigint {
  return -atLeast({ ...limit, isNegative: !limit.isNegative });
}

/** Null stands for no limit. @returns null if the range is empty */
export function integerRange(min: bigint | null, max: bigint | null): GrammarNode | null {
  const least = max !== null && max < 0n ? -max : 1n; // of the digits after a minus
  const negative = min === null || min < 0n ? naturals(least, min === null ? null : -min) : null;
  const from = min === null || min < 0n ? 0n : min;
  const positive = max === null || max >= 0n ? naturals(from, max) : null;
  return anyOf([negative && sequence("-", negative), positive]);
}

/** Integers from 0 up; null stands for no limit. @returns null if the range is empty */
export function naturals(min: bigint, max: bigint | null): GrammarNode | null {
  if (max !== null && max < min) return null;
  const from = String(min);
  const to = max === null ? "9".repeat(Math.max(MOST_DIGITS, from.length + 2)) : String(max);
  if (from.length === to.length) return sameLength(from, to);
  const parts: GrammarNode[] = [sameLength(from, "9".repeat(from.length))];
  // Lengths of which all numbers are in the range.
  const [shortest, longest] = [from.length + 1, to.length - (/^9+$/.test(to) ? 0 : 1)];
  if (shortest <= longest)
    parts.push(sequence(FIRST_DIGIT, repeated(DIGIT, shortest - 1, longest - 1)));
  if (longest < to.length) parts.push(sameLength(`1${"0".repeat(to.length - 1)}`, to));
  return choice(...parts);
}

/** Both limits have as many digits. */
function sameLength(min: string, max: string): GrammarNode {
  if (/^0*$/.test(min) && /^9*$/.test(max)) return repeated(DIGIT, min.length, min.length);
  const [first, last] = [Number(min[0]), Number(max[0])];
  const [minRest, maxRest] = [min.slice(1), max.slice(1)];
  if (first === last) return sequence(String(first), sameLength(minRest, maxRest));
  const [zeros, nines] = ["0".repeat(minRest.length), "9".repeat(minRest.length)];
  // The first digit alone decides, unless its rest is limited.
  const start = minRest === zeros ? first : first + 1;
  const end = maxRest === nines ? last : last - 1;
  return choice(
    ...(start > first ? [sequence(String(first), sameLength(minRest, nines))] : []),
    ...(start <= end ? [sequence(digitFrom(start, end), sameLength(zeros, nines))] : []),
    ...(end < last ? [sequence(String(last), sameLength(zeros, maxRest))] : []),
  );
}

function digitFrom(first: number, last: number): GrammarNode {
  return charClass([[0x30 + first, 0x30 + last]]);
}
