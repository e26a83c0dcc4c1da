// The multiples of a step between two limits: a few values are listed, a step that divides a power of ten shows in the last
// digits, and for other steps the grammar counts the remainder.

import { type GrammarNode, oneOf, sequence } from "../nodes.ts";
import type { Rules } from "../rules.ts";
import { anyOf, naturals, onBothSides } from "./digits.ts";
import { MOST_REMAINDERS, Remainders } from "./number-remainders.ts";
import { type NumberStep, roundedDown, roundedUp, StepError } from "./number-step.ts";

/** Limit on different last digits of multiples. */
const MOST_ENDINGS = 125;
/** Limit on values that are listed. */
const MOST_LISTED = 300;
/** Up to this number, values are always listed, because that is short. */
const FEW_LISTED = 12;
/** Limit on last digits that are compared. */
const MOST_ENDING_DIGITS = 18;
/** Characters of the longest number that JSON.stringify surely writes without an exponent. */
const MOST_PLAIN_CHARS = 8;

export type MultiplesOptions = {
  readonly step: NumberStep;
  /** In units of the step's scale; null for no limit. */
  readonly min: bigint | null;
  readonly max: bigint | null;
};

/**
 * @returns null if there is no multiple
 * @throws StepError
 */
export function multiples(rules: Rules, { step, ...limits }: MultiplesOptions): GrammarNode | null {
  const min = limits.min === null ? null : roundedUp(limits.min, step.units);
  const max = limits.max === null ? null : roundedDown(limits.max, step.units);
  if (min !== null && max !== null && max < min) return null;
  const count = min === null || max === null ? null : (max - min) / step.units + 1n;
  if (min !== null && count !== null && count <= FEW_LISTED) return listed(min, count, step);
  const endings = Endings.of(step, rules);
  if (endings) return onBothSides(min, max, (from, to) => endings.between(from, to));
  if (min !== null && count !== null && count <= MOST_LISTED) return listed(min, count, step);
  const remainders = Remainders.of(step, rules);
  if (remainders) return onBothSides(min, max, (from, to) => remainders.between(from, to));
  throw new StepError(
    `cannot be enforced: only steps up to ${MOST_REMAINDERS}, steps that divide a power of ten, and up to ${MOST_LISTED} values between two limits`,
  );
}

function listed(min: bigint, count: bigint, { units, scale }: NumberStep): GrammarNode {
  const texts = Array.from({ length: Number(count) }, (_, index) =>
    textOf(min + BigInt(index) * units, scale),
  );
  // Below 1e-6 and from 1e21 up, JSON.stringify writes an exponent.
  const isLong = texts.some((text) => text.length > MOST_PLAIN_CHARS);
  return oneOf(isLong ? texts.flatMap((text) => [text, String(Number(text))]) : texts);
}

type EndingsOptions = {
  readonly step: NumberStep;
  readonly rules: Rules;
  readonly length: number;
};

/** The last digits of all multiples, which repeat at every multiple of `base`. */
class Endings {
  readonly #step: NumberStep;
  readonly #rules: Rules;
  readonly #base: bigint;
  readonly #length: number;

  /** @returns null if there are none, or too many */
  static of(step: NumberStep, rules: Rules): Endings | null {
    for (let length = Math.max(step.scale, 1); length <= MOST_ENDING_DIGITS; length++) {
      const base = 10n ** BigInt(length);
      if (base % step.units !== 0n) continue;
      return base / step.units <= MOST_ENDINGS ? new Endings({ step, rules, length }) : null;
    }
    return null;
  }

  private constructor({ step, rules, length }: EndingsOptions) {
    this.#step = step;
    this.#rules = rules;
    this.#length = length;
    this.#base = 10n ** BigInt(length);
  }

  between(least: bigint, most: bigint | null): GrammarNode | null {
    const [from, to] = [roundedUp(least, this.#step.units), most];
    if (to !== null && to < from) return null;
    const [first, start] = [from / this.#base, from % this.#base];
    const last = to === null ? null : to / this.#base;
    const end = to === null || last !== first ? this.#base - 1n : to % this.#base;
    const parts: (GrammarNode | null)[] = [this.#after(first, start, end)];
    const between = naturals(this.#rules, first + 1n, last === null ? null : last - 1n);
    if (between) parts.push(this.#following(between, 0n, this.#base - 1n));
    if (to !== null && last !== null && last > first)
      parts.push(this.#after(last, 0n, to % this.#base));
    return anyOf(parts);
  }

  #after(first: bigint, start: bigint, end: bigint): GrammarNode | null {
    if (first > 0n) return this.#following(sequence(String(first)), start, end);
    return this.#choice(start, end, (value) => textOf(value, this.#step.scale));
  }

  #following(before: GrammarNode, start: bigint, end: bigint): GrammarNode | null {
    const endings = this.#choice(start, end, (value) => {
      const digits = String(value).padStart(this.#length, "0");
      return withPoint(digits, this.#step.scale);
    });
    return endings && sequence(before, endings);
  }

  #choice(start: bigint, end: bigint, write: (value: bigint) => string): GrammarNode | null {
    const texts: string[] = [];
    const { units } = this.#step;
    for (let value = roundedUp(start, units); value <= end; value += units)
      texts.push(write(value));
    return texts.length === 0 ? null : oneOf(texts);
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
