// Numbers with an exponent as JSON.stringify writes them: one digit before the point, which is not 0, and a sign of the exponent.

import { choice, type GrammarNode, type GrammarPart, sequence } from "../nodes.ts";
import type { Rules } from "../rules.ts";
import { type DecimalLimit, decimalsBetween } from "./decimals-between.ts";
import { anyOf, naturals } from "./digits.ts";

/** Limit on digits after the point. */
export const MOST_MANTISSA_DIGITS = 16;
/** From here down JSON.stringify writes an exponent. */
const LARGEST_SMALL = { exponent: -7, limit: 1e-6 };
/** From here up JSON.stringify writes an exponent. */
const SMALLEST_LARGE = 1e21;
const SMALLEST_EXTREME = 1e280;
/** The only double with the lowest exponent, and the next one. */
const LEAST = JSON.stringify(Number.MIN_VALUE);
const SECOND_LEAST = 1e-323;
const HIGHEST = JSON.stringify(Number.MAX_VALUE);

/** Doubles from 0 up; both limits are allowed themselves, and null stands for no limit. */
type Range = { readonly from: number; readonly to: number | null };

/** A number with one digit before the point and an exponent. */
type Point = DecimalLimit & { readonly exponent: number };

const FIRST: DecimalLimit = { whole: 1n, fraction: "" };
const LAST: DecimalLimit = { whole: 9n, fraction: null };
const ALMOST_HIGHEST: Point = { whole: 1n, fraction: "797", exponent: 308 };

/** @param most digits after the point, if the number were written without an exponent; null for any number */
export function smallNumbers(
  rules: Rules,
  { from, to, most }: Range & { readonly most: number | null },
): GrammarNode | null {
  const { exponent, limit } = LARGEST_SMALL;
  if (from >= limit || to === 0) return null;
  const isUnlimited = to === null || to >= limit;
  const low = pointOf(Math.max(from, SECOND_LEAST));
  const high = isUnlimited ? { ...LAST, exponent } : pointOf(to);
  if (most !== null) return roundNumbers(rules, { low, high, most });
  if (from > Number.MIN_VALUE) return between(rules, low, high);
  if (to !== null && to < SECOND_LEAST) return sequence(LEAST);
  const all = () => anyOf([between(rules, low, high), sequence(LEAST)]);
  return isUnlimited ? rules.once("small-numbers", () => all() ?? "") : all();
}

export function largeNumbers(rules: Rules, { from, to }: Range): GrammarNode | null {
  if (to !== null && to < SMALLEST_LARGE) return null;
  const low = pointOf(Math.max(from, SMALLEST_LARGE));
  if (to !== null) return between(rules, low, pointOf(to));
  return from <= SMALLEST_LARGE
    ? rules.once("large-numbers", () => upwards(rules, low) ?? "")
    : upwards(rules, low);
}

/** Numbers from 1e280 up. */
export function extremeNumbers(rules: Rules): GrammarNode {
  return upwards(rules, pointOf(SMALLEST_EXTREME)) ?? sequence();
}

/** Numbers from a limit up. The highest double is a literal above 1.797e308, because comparing all its digits takes many rules. */
function upwards(rules: Rules, low: Point): GrammarNode | null {
  const almostAll = low.exponent < 308 ? between(rules, low, ALMOST_HIGHEST) : null;
  return almostAll ? choice(almostAll, HIGHEST) : between(rules, low, pointOf(Number.MAX_VALUE));
}

function pointOf(value: number): Point {
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return { whole: BigInt(whole), fraction, exponent: Number(exponent) };
}

function between(rules: Rules, low: Point, high: Point): GrammarNode | null {
  const isSame = low.exponent === high.exponent;
  if (isSame) return withExponent(mantissas(rules, low, high), exponentText(low.exponent));
  const isFromFirst = low.whole === FIRST.whole && low.fraction === "";
  const [start, end] = [
    isFromFirst ? low.exponent : low.exponent + 1,
    high.fraction === null ? high.exponent : high.exponent - 1,
  ];
  return anyOf([
    isFromFirst ? null : withExponent(mantissas(rules, low, LAST), exponentText(low.exponent)),
    start <= end ? withExponent(anyMantissa(rules), exponents(rules, start, end)) : null,
    high.fraction === null
      ? null
      : withExponent(mantissas(rules, FIRST, high), exponentText(high.exponent)),
  ]);
}

function withExponent(mantissa: GrammarNode | null, exponent: GrammarPart): GrammarNode | null {
  return mantissa && sequence(mantissa, "e", exponent);
}

function exponentText(exponent: number): string {
  return exponent < 0 ? String(exponent) : `+${exponent}`;
}

/** Both have the same sign. */
function exponents(rules: Rules, low: number, high: number): GrammarPart {
  const [least, most] = [Math.abs(low), Math.abs(high)].sort((a, b) => a - b);
  const range = naturals(rules, BigInt(least ?? 0), BigInt(most ?? 0));
  return sequence(low < 0 ? "-" : "+", range ?? "");
}

function anyMantissa(rules: Rules): GrammarNode {
  return rules.once("mantissa", () => mantissas(rules, FIRST, LAST) ?? "");
}

function mantissas(rules: Rules, low: DecimalLimit, high: DecimalLimit): GrammarNode | null {
  return decimalsBetween(rules, { low, high, mostAfter: () => MOST_MANTISSA_DIGITS });
}

type RoundNumbersOptions = { readonly low: Point; readonly high: Point; readonly most: number };

/** Numbers with few digits after the point, for each exponent. */
function roundNumbers(rules: Rules, { low, high, most }: RoundNumbersOptions) {
  const parts: (GrammarNode | null)[] = [];
  for (let exponent = high.exponent; exponent >= Math.max(low.exponent, -most); exponent--) {
    const mantissa = decimalsBetween(rules, {
      low: exponent === low.exponent ? low : FIRST,
      high: exponent === high.exponent ? high : LAST,
      mostAfter: () => most + exponent,
      isStrict: true,
    });
    parts.push(withExponent(mantissa, exponentText(exponent)));
  }
  return anyOf(parts);
}
