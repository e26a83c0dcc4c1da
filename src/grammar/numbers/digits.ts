// Whole numbers between two limits, digit by digit, because a grammar cannot compare numbers.

import { charClass, choice, type GrammarNode, repeated, sequence } from "../nodes.ts";
import type { Rules } from "../rules.ts";
import { regExpNode } from "../text/pattern/regexp-node.ts";

/** JSON.stringify writes integers of up to 21 digits without an exponent. */
const MOST_DIGITS = 21;
/** Without an upper limit, integers have at most this number of digits more than the lower limit. */
const MORE_DIGITS = 2;

const DIGIT = regExpNode("[0-9]");
const ZERO = regExpNode("0");
const NINE = regExpNode("9");
export const FIRST_DIGIT = regExpNode("[1-9]");

export function anyOf(parts: readonly (GrammarNode | null)[]): GrammarNode | null {
  const possible = parts.filter((part) => part !== null);
  return possible.length === 0 ? null : choice(...possible);
}

/**
 * Both signs of a range.
 * @param between writes numbers without a sign; a limit of null stands for no limit
 * @returns null if the range is empty
 */
export function onBothSides(
  min: bigint | null,
  max: bigint | null,
  between: (from: bigint, to: bigint | null) => GrammarNode | null,
): GrammarNode | null {
  const from = min === null || min < 0n ? 0n : min;
  const positive = max === null || max >= 0n ? between(from, max) : null;
  const least = max === null || max >= 0n ? 1n : -max;
  const negative = min === null || min < 0n ? between(least, min === null ? null : -min) : null;
  return anyOf([negative && sequence("-", negative), positive]);
}

/** Integers from 0 up; null stands for no limit. @returns null if the range is empty */
export function naturals(rules: Rules, min: bigint, max: bigint | null): GrammarNode | null {
  if (max !== null && max < min) return null;
  const from = String(min);
  const most = Math.max(MOST_DIGITS, from.length + MORE_DIGITS);
  const to = max === null ? "9".repeat(most) : String(max);
  if (from.length === to.length) return sameLength(rules, from, to);
  const parts: GrammarNode[] = [sameLength(rules, from, "9".repeat(from.length))];
  // The lengths at which every number is in the range.
  const [shortest, longest] = [from.length + 1, to.length - (/^9+$/.test(to) ? 0 : 1)];
  if (shortest <= longest)
    parts.push(sequence(FIRST_DIGIT, digits(rules, shortest - 1, longest - 1)));
  if (longest < to.length) parts.push(sameLength(rules, `1${"0".repeat(to.length - 1)}`, to));
  return choice(...parts);
}

/** Both limits have the same number of digits. */
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

export function digitFrom(first: number, last: number): GrammarNode {
  return charClass([[0x30 + first, 0x30 + last]]);
}

/** Any digits. A rule, because many ranges end with the same number of digits. */
export function digits(rules: Rules, min: number, max: number): GrammarNode {
  if (max <= 1) return repeated(DIGIT, min, max);
  return rules.once(`digits-${min}-${max}`, () => repeated(DIGIT, min, max));
}

export function zeros(rules: Rules, min: number, max: number): GrammarNode {
  return rules.once(`zeros-${min}-${max}`, () => repeated(ZERO, min, max));
}

export function nines(rules: Rules, min: number, max: number): GrammarNode {
  return rules.once(`nines-${min}-${max}`, () => repeated(NINE, min, max));
}
