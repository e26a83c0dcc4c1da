// Numbers between two limits as a grammar, digit by digit, because a grammar cannot compare numbers.

import {
  charClass,
  choice,
  type GrammarNode,
  type GrammarPart,
  oneOf,
  repeated,
  sequence,
} from "./nodes.ts";
import { regExpNode } from "./pattern-parser.ts";

/** Most digits of integers without a limit. */
const MOST_DIGITS = 16;
const FRACTION = regExpNode("(\\.[0-9]{1,16})?");

/** Both limits are inclusive; null means no limit. @returns null if the range is empty */
export function integerRange(min: number | null, max: number | null): GrammarNode | null {
  const parts: GrammarNode[] = [];
  if (min === null || min < 0) {
    const least = max === null || max >= 0 ? 1 : -max;
    const most = min === null ? null : -min;
    if (most === null || least <= most) parts.push(sequence("-", naturals(least, most)));
  }
  if (max === null || max >= 0) {
    const from = Math.max(min ?? 0, 0);
    if (max === null || from <= max) parts.push(naturals(from, max));
  }
  return parts.length === 0 ? null : oneOf(parts);
}

/**
 * Accepts a decimal only if its whole part already puts it in the range: 5.x for a maximum of 6, but no 5.x for 5.5. The
 * limits themselves are accepted if they are whole. @returns null if no number is accepted
 */
export function numberRange(min: number | null, max: number | null): GrammarNode | null {
  const parts: GrammarPart[] = [];
  // From zero up, k with decimals lies in [k, k + 1); below zero, -k with decimals lies in (-k - 1, -k].
  const up = atLeastZero(min) ? integerRange(ceilOrNull(min) ?? 0, lastWholeBelow(max)) : null;
  const fromZero = atLeastZero(min) ? up : integerRange(0, lastWholeBelow(max));
  if (fromZero !== null) parts.push(sequence(fromZero, FRACTION));
  if (!atLeastZero(min)) {
    const down = integerRange(
      min === null ? null : Math.ceil(min) + 1,
      Math.min(wholeDown(max), -1),
    );
    if (down !== null) parts.push(sequence(down, FRACTION));
  }
  const edges = [ceilOrNull(min), max === null ? null : Math.floor(max)].filter(
    (edge) => edge !== null && (min === null || edge >= min) && (max === null || edge <= max),
  );
  for (const edge of edges) parts.push(String(edge));
  return parts.length === 0 ? null : oneOf(parts);
}

function atLeastZero(min: number | null): boolean {
  return min !== null && min >= 0;
}

function ceilOrNull(min: number | null): number | null {
  return min === null ? null : Math.ceil(min);
}

function wholeDown(max: number | null): number {
  return max === null ? -1 : Math.floor(max);
}

/** The last whole part whose decimals all stay below the limit. */
function lastWholeBelow(max: number | null): number | null {
  return max === null ? null : Math.floor(max) - 1;
}

/** Integers from 0 up. */
function naturals(min: number, max: number | null): GrammarNode {
  const from = String(min);
  const to = max === null ? "9".repeat(Math.max(MOST_DIGITS, from.length)) : String(max);
  const parts: GrammarNode[] = [];
  for (let length = from.length; length <= to.length; length++) {
    const least = length === from.length ? from : `1${"0".repeat(length - 1)}`;
    const most = length === to.length ? to : "9".repeat(length);
    parts.push(sameLength(least, most));
  }
  return oneOf(parts);
}

/** Both limits have as many digits. */
function sameLength(min: string, max: string): GrammarNode {
  if (/^0*$/.test(min) && /^9*$/.test(max))
    return repeated(digitFrom(0, 9), min.length, min.length);
  const [first, last] = [Number(min[0]), Number(max[0])];
  const [minRest, maxRest] = [min.slice(1), max.slice(1)];
  if (first === last) return sequence(String(first), sameLength(minRest, maxRest));
  const [zeros, nines] = ["0".repeat(minRest.length), "9".repeat(minRest.length)];
  if (min.length === 1) return digitFrom(first, last);
  const parts = [sequence(String(first), sameLength(minRest, nines))];
  if (first + 1 < last)
    parts.push(sequence(digitFrom(first + 1, last - 1), sameLength(zeros, nines)));
  return choice(...parts, sequence(String(last), sameLength(zeros, maxRest)));
}

function digitFrom(first: number, last: number): GrammarNode {
  return charClass([[0x30 + first, 0x30 + last]]);
}
