// Numbers of a JSON Schema. Those between two limits are written digit by digit, because a grammar cannot compare numbers.

import { anyInteger, anyNumber } from "./json.ts";
import {
  charClass,
  choice,
  type GrammarNode,
  type GrammarPart,
  repeated,
  sequence,
  UNBOUNDED,
} from "./nodes.ts";
import { regExpNode } from "./pattern-parser.ts";
import type { Rules } from "./rules.ts";
import { KeywordError, readNumber, type Schema } from "./schema-keywords.ts";

/** Most digits of integers without a limit. */
const MOST_DIGITS = 16;
const DIGIT = regExpNode("[0-9]");
const FRACTION = regExpNode("(\\.[0-9]{1,16})?");

/** @throws KeywordError */
export function numberRule(type: "integer" | "number", schema: Schema, rules: Rules): GrammarNode {
  // An exclusive limit becomes the next whole number; decimals in between are given up.
  const above = Math.floor(readNumber(schema, "exclusiveMinimum", -UNBOUNDED)) + 1;
  const below = Math.ceil(readNumber(schema, "exclusiveMaximum", UNBOUNDED)) - 1;
  const min = Math.max(readNumber(schema, "minimum", -UNBOUNDED), above);
  const max = Math.min(readNumber(schema, "maximum", UNBOUNDED), below);
  const isWhole = type === "integer";
  if (min === -UNBOUNDED && max === UNBOUNDED)
    return isWhole ? anyInteger(rules) : anyNumber(rules);
  const range = isWhole ? integerRange(Math.ceil(min), Math.floor(max)) : numberRange(min, max);
  if (range) return range;
  const keyword = min === -UNBOUNDED ? "maximum" : "minimum";
  throw new KeywordError(keyword, "leaves no number that a grammar can express");
}

/** Both limits are inclusive; an infinite one is no limit. @returns null if the range is empty */
function integerRange(min: number, max: number): GrammarNode | null {
  const parts: GrammarNode[] = [];
  const [least, most] = [Math.max(1, -max), -min]; // of the digits after a minus
  if (least <= most) parts.push(sequence("-", naturals(least, most)));
  if (max >= Math.max(min, 0)) parts.push(naturals(Math.max(min, 0), max));
  return parts.length === 0 ? null : choice(...parts);
}

/**
 * Accepts a decimal only if its whole part already puts it in the range: 5.x for a maximum of 6, but no 5.x for 5.5. The
 * limits themselves are accepted if they are whole. @returns null if no number is accepted
 */
function numberRange(min: number, max: number): GrammarNode | null {
  const parts: GrammarPart[] = [];
  const [first, last] = [Math.ceil(min), Math.floor(max)];
  // From zero up, k with decimals lies in [k, k + 1); below zero, -k with decimals lies in (-k - 1, -k].
  const up = integerRange(Math.max(first, 0), last - 1);
  const down = integerRange(first + 1, Math.min(last, -1));
  for (const whole of [up, down]) if (whole) parts.push(sequence(whole, FRACTION));
  for (const edge of new Set([first, last]))
    if (Number.isFinite(edge) && edge >= min && edge <= max) parts.push(String(edge));
  return parts.length === 0 ? null : choice(...parts);
}

/** Integers from 0 up. */
function naturals(min: number, max: number): GrammarNode {
  const from = String(min);
  const to = max === UNBOUNDED ? "9".repeat(Math.max(MOST_DIGITS, from.length)) : String(max);
  const parts: GrammarNode[] = [];
  for (let length = from.length; length <= to.length; length++) {
    const least = length === from.length ? from : `1${"0".repeat(length - 1)}`;
    const most = length === to.length ? to : "9".repeat(length);
    parts.push(sameLength(least, most));
  }
  return choice(...parts);
}

/** Both limits have as many digits. */
function sameLength(min: string, max: string): GrammarNode {
  if (/^0*$/.test(min) && /^9*$/.test(max)) return repeated(DIGIT, min.length, min.length);
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
