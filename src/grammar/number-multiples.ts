// The multiples of a step between two limits. A step that divides a power of ten shows in the last digits; other steps need
// so few values that they can be listed.

import { choice, type GrammarNode, sequence } from "./nodes.ts";
import { atLeast, atMost, limitOf, type SignedLimit } from "./number-limit.ts";
import { naturals, numberRange } from "./number-range.ts";
import type { Rules } from "./rules.ts";

/** Most different endings of numbers, and most values that are listed. */
const MOST_ENDINGS = 125;
const MOST_LISTED = 300;
const MOST_SCALE = 18;

export type MultiplesOptions = {
  readonly type: "integer" | "number";
  readonly step: number;
  readonly low: SignedLimit | null;
  readonly high: SignedLimit | null;
};

/** Numbers in units of 10^-scale. */
type Units = {
  readonly step: bigint;
  readonly scale: number;
};

/** @returns null if there is no multiple */
export function multiples(
  rules: Rules,
  { type, step, low, high }: MultiplesOptions,
): GrammarNode | null | "unsupported" {
  if (step <= 0) return "unsupported";
  const units = unitsOf(step, type);
  if (units.scale > MOST_SCALE) return "unsupported";
  if (units.step === 1n && units.scale > 0)
    return numberRange(rules, { min: low, max: high, mostDigits: units.scale });
  const min = low && roundedUp(atLeast(scaled(low, units.scale)), units.step);
  const max = high && roundedDown(atMost(scaled(high, units.scale)), units.step);
  const endings = Endings.of(units, rules);
  if (endings) return onBothSides(min, max, (from, to) => endings.between(from, to));
  if (min === null || max === null) return "unsupported";
  if ((max - min) / units.step >= MOST_LISTED) return "unsupported";
  const listed: string[] = [];
  for (let value = min; value <= max; value += units.step) listed.push(textOf(value, units.scale));
  return listed.length === 0 ? null : choice(...listed);
}

function unitsOf(step: number, type: "integer" | "number"): Units {
  const { whole, fraction } = limitOf(step, false);
  const digits = BigInt(`${whole}${fraction}`);
  const scale = fraction.length;
  // 3 and its multiples are the whole multiples of 1.5.
  return type === "integer"
    ? { step: digits / commonDivisor(digits, 10n ** BigInt(scale)), scale: 0 }
    : { step: digits, scale };
}

function commonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : commonDivisor(b, a % b);
}

function scaled(limit: SignedLimit, scale: number): SignedLimit {
  const digits = limit.fraction.slice(0, scale).padEnd(scale, "0");
  return {
    ...limit,
    whole: BigInt(`${limit.whole}${digits}`),
    fraction: limit.fraction.slice(scale),
  };
}

function roundedDown(value: bigint, step: bigint): bigint {
  const rest = value % step;
  return value - (rest < 0n ? rest + step : rest);
}

function roundedUp(value: bigint, step: bigint): bigint {
  return -roundedDown(-value, step);
}

/** @param between numbers without a sign */
function onBothSides(
  min: bigint | null,
  max: bigint | null,
  between: (from: bigint, to: bigint | null) => GrammarNode | null,
): GrammarNode | null {
  const from = min === null || min < 0n ? 0n : min;
  const positive = max === null || max >= 0n ? between(from, max) : null;
  const least = max === null || max >= 0n ? 1n : -max;
  const negative = min === null || min < 0n ? between(least, min === null ? null : -min) : null;
  const parts = [negative && sequence("-", negative), positive].filter((part) => part !== null);
  return parts.length === 0 ? null : choice(...parts);
}

type EndingsOptions = {
  readonly units: Units;
  readonly rules: Rules;
  readonly length: number;
};

/** The last digits of all multiples, which repeat at every multiple of `base`. */
class Endings {
  readonly #units: Units;
  readonly #rules: Rules;
  readonly #base: bigint;
  readonly #length: number;

  /** Null if there are none, or too many. */
  static of(units: Units, rules: Rules): Endings | null {
    for (let length = Math.max(units.scale, 1); length <= MOST_SCALE; length++) {
      const base = 10n ** BigInt(length);
      if (base % units.step !== 0n) continue;
      return base / units.step <= MOST_ENDINGS ? new Endings({ units, rules, length }) : null;
    }
    return null;
  }

  private constructor({ units, rules, length }: EndingsOptions) {
    this.#units = units;
    this.#rules = rules;
    this.#length = length;
    this.#base = 10n ** BigInt(length);
  }

  between(least: bigint, most: bigint | null): GrammarNode | null {
    const [from, to] = [roundedUp(least, this.#units.step), most];
    if (to !== null && to < from) return null;
    const [first, start] = [from / this.#base, from % this.#base];
    const last = to === null ? null : to / this.#base;
    const end = to === null || last !== first ? this.#base - 1n : to % this.#base;
    const parts: (GrammarNode | null)[] = [this.#after(first, start, end)];
    const between = naturals(this.#rules, first + 1n, last === null ? null : last - 1n);
    if (between) parts.push(this.#following(between, 0n, this.#base - 1n));
    if (to !== null && last !== null && last > first)
      parts.push(this.#after(last, 0n, to % this.#base));
    const possible = parts.filter((part) => part !== null);
    return possible.length === 0 ? null : choice(...possible);
  }

  #after(first: bigint, start: bigint, end: bigint): GrammarNode | null {
    if (first > 0n) return this.#following(sequence(String(first)), start, end);
    return this.#choice(start, end, (value) => textOf(value, this.#units.scale));
  }

  #following(before: GrammarNode, start: bigint, end: bigint): GrammarNode | null {
    const endings = this.#choice(start, end, (value) => {
      const digits = String(value).padStart(this.#length, "0");
      return withPoint(digits, this.#units.scale);
    });
    return endings && sequence(before, endings);
  }

  #choice(start: bigint, end: bigint, write: (value: bigint) => string): GrammarNode | null {
    const texts: string[] = [];
    for (let value = roundedUp(start, this.#units.step); value <= end; value += this.#units.step)
      texts.push(write(value));
    return texts.length === 0 ? null : choice(...texts);
  }
}

function textOf(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  return (value < 0n ? "-" : "") + withPoint(digits, scale);
}

function withPoint(digits: string, scale: number): string {
  const at = digits.length - scale;
  const fraction = digits.slice(at).replace(/0+$/, "");
  return digits.slice(0, at) + (fraction === "" ? "" : `.${fraction}`);
}
