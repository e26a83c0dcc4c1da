// The multiples of a step, counted by the remainder of the digits so far: a rule stands for a remainder and the number of
// digits that may follow.

import {
  charClass,
  choice,
  type GrammarNode,
  type GrammarPart,
  oneOf,
  optional,
  rule,
  sequence,
} from "../nodes.ts";
import type { Rules } from "../rules.ts";
import { anyOf } from "./digits.ts";
import { commonDivisor, type NumberStep, roundedUp, StepError } from "./number-step.ts";

/** Limit on different remainders. Those after which the same digits may follow count once. */
export const MOST_REMAINDERS = 200;
/** Limit on rules for one schema; each has up to ten options. */
const MOST_RULES = 600;
/** For finding the digits that may follow a remainder, beside the work on the rule's text. */
const UNITS_PER_RULE = 30;
const MOST_SCALE = 3;
/** The digits of a number without an upper limit are not counted: that would take many rules. */
const ANY_COUNT = Number.POSITIVE_INFINITY;

/** The state after the first digits of a number. */
type State = {
  /** Remainder of the digits so far. */
  readonly remainder: number;
  /** Limits on further digits before the point. */
  readonly least: number;
  readonly most: number;
};

/** Limits on the digits after the point, in units of the step's scale. */
type Ending = { readonly from: number; readonly to: number };

type TightOptions = {
  readonly remainder: number;
  /** The remaining digits of the limits before the point, equally many. The ending applies if the number equals a limit. */
  readonly min: string;
  readonly max: string;
  /** Whether the number may still equal the limit. */
  readonly isAtMin: boolean;
  readonly isAtMax: boolean;
  readonly ending: Ending;
};

export class Remainders {
  readonly #step: number;
  readonly #base: number;
  readonly #scale: number;
  readonly #rules: Rules;
  readonly #known = new Map<string, GrammarNode | null>();
  #count = 0;

  /** @returns null if there are too many remainders */
  static of(step: NumberStep, rules: Rules): Remainders | null {
    if (step.units / commonDivisor(step.units, 10n) > MOST_REMAINDERS || step.scale > MOST_SCALE)
      return null;
    return new Remainders(step, rules);
  }

  private constructor({ units, scale }: NumberStep, rules: Rules) {
    this.#step = Number(units);
    this.#scale = scale;
    this.#base = 10 ** scale;
    this.#rules = rules;
  }

  /** Multiples from 0 up; null stands for no limit. @throws StepError if they take too many rules */
  between(least: bigint, most: bigint | null): GrammarNode | null {
    const base = BigInt(this.#base);
    const [min, from] = [String(least / base), Number(least % base)];
    const free = { from: 0, to: this.#base - 1 };
    const max = most === null ? null : String(most / base);
    const to = most === null ? free.to : Number(most % base);
    if (max?.length === min.length) return this.#sameLength(min, max, { from, to });
    const whole = max === null ? ANY_COUNT : max.length - 1;
    return anyOf([
      ...(min.length === 1
        ? this.#fromDigit(Number(min), from, whole)
        : [
            this.#sameLength(min, "9".repeat(min.length), { ...free, from }),
            this.#following(1, 9, { least: min.length, most: whole - 1 }),
          ]),
      max === null
        ? null
        : this.#sameLength(`1${"0".repeat(max.length - 1)}`, max, { ...free, to }),
    ]);
  }

  /** From a limit of one digit: all lengths at once, so that fewer rules count digits. */
  #fromDigit(digit: number, from: number, whole: number): readonly (GrammarNode | null)[] {
    const most = whole - 1;
    const isExact = from > 0 || digit === 0;
    const ending = isExact ? this.#end(digit % this.#step, from, this.#base - 1) : null;
    const next = isExact ? digit + 1 : digit;
    return [
      ending && sequence(String(digit), ending),
      this.#following(1, next - 1, { least: 1, most }),
      this.#following(next, 9, { least: 0, most }),
    ];
  }

  /** A first digit, and digits that may follow. */
  #following(first: number, last: number, count: Omit<State, "remainder">): GrammarNode | null {
    return byNext(first, last, (digit) => this.#loose({ ...count, remainder: digit % this.#step }));
  }

  #sameLength(min: string, max: string, ending: Ending): GrammarNode | null {
    return this.#tight({ remainder: 0, min, max, isAtMin: true, isAtMax: true, ending });
  }

  #tight({ remainder, min, max, ending, ...at }: TightOptions): GrammarNode | null {
    const isAtMin = at.isAtMin && (ending.from > 0 || !/^0*$/.test(min));
    const isAtMax = at.isAtMax && (ending.to < this.#base - 1 || !/^9*$/.test(max));
    const count = min.length;
    if (!(isAtMin || isAtMax)) return this.#loose({ remainder, least: count, most: count });
    if (count === 0)
      return this.#end(remainder, isAtMin ? ending.from : 0, isAtMax ? ending.to : this.#base - 1);
    const first = isAtMin ? Number(min[0]) : 0;
    const last = isAtMax ? Number(max[0]) : 9;
    return byNext(first, last, (digit) =>
      this.#tight({
        remainder: (10 * remainder + digit) % this.#step,
        min: min.slice(1),
        max: max.slice(1),
        isAtMin: isAtMin && digit === first,
        isAtMax: isAtMax && digit === last,
        ending,
      }),
    );
  }

  /** @returns null if no multiple can follow */
  #loose({ remainder, least, most }: State): GrammarNode | null {
    if (most < least) return null;
    const longer = most === 0 ? null : this.#longer({ remainder, least, most });
    const ending = least > 0 ? null : this.#end(remainder, 0, this.#base - 1);
    if (!(longer && ending)) return longer ?? ending;
    return this.#once(`${remainder} ${most}`, () =>
      isEmpty(ending) ? optional(longer) : choice(ending, longer),
    );
  }

  /** One digit more, at least. Many remainders share this rule, if the step has a divisor in common with ten. */
  #longer({ remainder, least, most }: State): GrammarNode | null {
    const shifted = (10 * remainder) % this.#step;
    const next = { least: Math.max(0, least - 1), most: most - 1 };
    return this.#once(`longer ${shifted} ${next.least} ${most}`, () =>
      byNext(0, 9, (digit) => this.#loose({ ...next, remainder: (shifted + digit) % this.#step })),
    );
  }

  #once(key: string, make: () => GrammarNode | null): GrammarNode | null {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = this.#reserve();
    // The rule refers to itself only if digits are not counted, and then a multiple can always follow.
    this.#known.set(key, rule(name));
    const body = make();
    if (body) this.#rules.set(name, body);
    else this.#known.set(key, null);
    return this.#known.get(key) ?? null;
  }

  #reserve(): string {
    this.#count += 1;
    if (this.#count > MOST_RULES)
      throw new StepError(
        "takes too many rules between these limits: use a smaller step, or limits with fewer digits",
      );
    this.#rules.budget.spend(UNITS_PER_RULE);
    return this.#rules.reserve("step");
  }

  /** The digits after the point, in steps. @returns null if there is no multiple */
  #end(remainder: number, from: number, to: number): GrammarNode | null {
    const offset = BigInt((remainder * this.#base) % this.#step);
    const step = BigInt(this.#step);
    const texts: string[] = [];
    for (let value = roundedUp(BigInt(from) + offset, step) - offset; value <= to; value += step)
      texts.push(value === 0n ? "" : `.${String(value).padStart(this.#scale, "0")}`);
    const [first, ...others] = texts.map((text) => text.replace(/0+$/, ""));
    if (first === undefined) return null;
    if (first !== "") return oneOf([first, ...others]);
    return others.length === 0 ? sequence() : optional(oneOf(others));
  }
}

function isEmpty(node: GrammarNode): boolean {
  return node.type === "literal" && node.text === "";
}

/** Options for a digit and what may follow it, with one option for all digits that the same follows. */
function byNext(
  first: number,
  last: number,
  next: (digit: number) => GrammarNode | null,
): GrammarNode | null {
  const digits = new Map<GrammarNode, number[]>();
  for (let digit = first; digit <= last; digit++) {
    const node = next(digit);
    const same = node && digits.get(node);
    if (same) same.push(digit);
    else if (node) digits.set(node, [digit]);
  }
  return anyOf([...digits].map(([node, same]) => sequence(anyDigitOf(same), node)));
}

function anyDigitOf(digits: readonly number[]): GrammarPart {
  if (digits.length === 1) return String(digits[0]);
  return charClass(digits.map((digit) => [0x30 + digit, 0x30 + digit]));
}
