// The numbers between two limits, in the forms that JSON.stringify writes: with an exponent below 1e-6 and from 1e21 up.

import { type GrammarNode, sequence } from "../nodes.ts";
import type { Rules } from "../rules.ts";
import { decimalsBetween } from "./decimals-between.ts";
import { anyOf } from "./digits.ts";
import { decimalOf } from "./number-limit.ts";
import { largeNumbers, MOST_MANTISSA_DIGITS, smallNumbers } from "./scientific.ts";

/** JSON.stringify writes 17 digits at most, after up to five zeros. */
const MOST_DIGITS_BELOW_ONE = 22;
/** In a range that ends below this, most numbers have an exponent anyway. */
const LEAST_PLAIN = 2e-3;
/** From here up, JSON.stringify writes an exponent. A range that starts here has no other numbers. */
const MOST_PLAIN = 1e21;
/** Limits from here up are only compared in numbers with an exponent. */
const BEYOND_DIGITS = 1e40;

/** Doubles; both limits are allowed themselves, and null stands for no limit. */
export type NumberRangeOptions = {
  readonly low: number | null;
  readonly high: number | null;
  /** Limit on digits after the point, if the number is written without an exponent; null for all digits of a double. */
  readonly most: number | null;
};

/** @returns null if no number is in the range */
export function numberRange(
  rules: Rules,
  { low, high, most }: NumberRangeOptions,
): GrammarNode | null {
  const positive =
    high === null || high >= 0
      ? unsigned(rules, { from: Math.max(0, low ?? 0), to: high, most })
      : null;
  const negative =
    low === null || low < 0
      ? unsigned(rules, { from: Math.max(0, -(high ?? 0)), to: low && -low, most })
      : null;
  return anyOf([negative && sequence("-", negative), positive]);
}

type UnsignedOptions = {
  readonly from: number;
  readonly to: number | null;
  readonly most: number | null;
};

/**
 * If the range excludes a number, an exponent must not be the only way to continue after its digits: from 0 to 1, the digit 8
 * could only become 8e-7. So numbers with an exponent are left out, unless the digits before the exponent are in the range, or
 * the range has hardly any numbers without one.
 */
function unsigned(rules: Rules, { from, to, most }: UnsignedOptions): GrammarNode | null {
  const hasPlain = from < MOST_PLAIN && (to === null || to >= LEAST_PLAIN);
  const isWithin = from <= 1 && (to === null || to >= 10);
  return anyOf([
    from >= MOST_PLAIN ? null : plain(rules, { from, to, most }),
    ...(hasPlain && !isWithin
      ? []
      : [smallNumbers(rules, { from, to, most }), largeNumbers(rules, { from, to })]),
  ]);
}

/** Numbers without an exponent. */
function plain(rules: Rules, { from, to, most }: UnsignedOptions): GrammarNode | null {
  return decimalsBetween(rules, {
    low: decimalOf(from),
    high: to === null || to >= BEYOND_DIGITS ? null : decimalOf(to),
    mostAfter: (whole) => most ?? (whole === 0n ? MOST_DIGITS_BELOW_ONE : MOST_MANTISSA_DIGITS),
    isStrict: most !== null,
  });
}
