// Digits after the point between two limits.

import { type GrammarNode, optional, sequence } from "../nodes.ts";
import type { Rules } from "../rules.ts";
import { anyOf, digitFrom, digits, FIRST_DIGIT, nines, zeros } from "./digits.ts";

/** Digits after the point that the limits have left to compare; null where a limit no longer matters. */
export type FractionRange = {
  readonly low: string | null;
  readonly high: string | null;
  /** Limit on digits. */
  readonly most: number;
  /** Whether a number with more digits is out of the range. Otherwise, more digits are only unnecessary. */
  readonly isStrict: boolean;
};

export type Fractions = {
  /** One digit or more; null if there are none. */
  readonly digits: GrammarNode | null;
  /** Whether there may be no digits. */
  readonly mayBeNone: boolean;
};

/** From this number on, equal digits are written as a repetition. */
const LEAST_RUN = 3;
const BELOW_NINE = digitFrom(0, 8);

export function withFraction(whole: GrammarNode | bigint, range: Fractions): GrammarNode | null {
  const before = typeof whole === "bigint" ? String(whole) : whole;
  if (!range.digits) return range.mayBeNone ? sequence(before) : null;
  const after = sequence(".", range.digits);
  return sequence(before, range.mayBeNone ? optional(after) : after);
}

export function fractions(rules: Rules, range: FractionRange): Fractions {
  const { low, high, most } = range;
  if (low === "") return fractions(rules, { ...range, low: null });
  const mayBeNone = low === null;
  if (most === 0) return { digits: null, mayBeNone };
  // Only zeros are not above it.
  if (high === "") return { digits: mayBeNone ? zeros(rules, 1, most) : null, mayBeNone };
  if (high === null && low === null) return { digits: digits(rules, 1, most), mayBeNone };
  const run = range.isStrict ? 0 : runOf(range);
  const after = run >= LEAST_RUN ? afterRun(rules, range, run) : afterDigit(rules, range);
  return { digits: after, mayBeNone };
}

/** The number of leading digits that repeat: zeros of a lower limit, or nines of an upper one. */
function runOf({ low, high, most }: FractionRange): number {
  if (low !== null && high !== null) return 0;
  const run = low === null ? /^9*/.exec(high ?? "") : /^0*/.exec(low);
  return Math.min(run?.[0].length ?? 0, most - 1);
}

/** The numbers that leave the limit within the run, and those that have all of it. */
function afterRun(rules: Rules, { low, high, ...range }: FractionRange, run: number) {
  const most = range.most - run;
  const free = digits(rules, 0, range.most - 1);
  if (low !== null) {
    const rest = fractions(rules, { ...range, low: low.slice(run), high, most });
    return anyOf([
      sequence(zeros(rules, 0, run - 1), FIRST_DIGIT, free),
      followed("0".repeat(run), rest),
    ]);
  }
  const rest = fractions(rules, { ...range, low, high: high?.slice(run) ?? null, most });
  return anyOf([
    sequence(nines(rules, 0, run - 1), BELOW_NINE, free),
    nines(rules, 1, run - 1),
    followed("9".repeat(run), rest),
  ]);
}

function afterDigit(rules: Rules, { low, high, most, isStrict }: FractionRange) {
  const first = Number(low?.[0] ?? 0);
  const last = high === null ? 9 : Number(high[0]);
  if (first > last) return null;
  const digit = (from: number, to: number, keeps: { low?: boolean; high?: boolean }) =>
    followed(
      digitFrom(from, to),
      fractions(rules, {
        low: keeps.low && low !== null ? low.slice(1) : null,
        high: keeps.high && high !== null ? high.slice(1) : null,
        most: most - 1,
        isStrict,
      }),
    );
  if (first === last) return digit(first, last, { low: true, high: true });
  const start = low === null ? first : first + 1;
  const end = high === null ? last : last - 1;
  return anyOf([
    low === null ? null : digit(first, first, { low: true }),
    start <= end ? digit(start, end, {}) : null,
    high === null ? null : digit(last, last, { high: true }),
  ]);
}

function followed(
  digit: GrammarNode | string,
  { digits, mayBeNone }: Fractions,
): GrammarNode | null {
  if (!digits) return mayBeNone ? sequence(digit) : null;
  return sequence(digit, mayBeNone ? optional(digits) : digits);
}
