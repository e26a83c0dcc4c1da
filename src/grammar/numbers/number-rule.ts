// The grammar of the numbers in given bounds.

import { sizeOf } from "../grammar-cost.ts";
import type { GrammarNode } from "../nodes.ts";
import type { Rules } from "../rules.ts";
import { anyInteger, anyNumber } from "./any-number.ts";
import { naturals, onBothSides } from "./digits.ts";
import {
  canBeCounted,
  hasNone,
  type NumberBounds,
  rangeInSteps,
  stepOfBounds,
} from "./number-bounds.ts";
import { highestDouble, lowestDouble } from "./number-limit.ts";
import { multiples } from "./number-multiples.ts";
import { numberRange } from "./number-range.ts";
import { StepError, WHOLE } from "./number-step.ts";

/** For the work on a range, beside that on its text. */
const UNITS_PER_CHAR = 1 / 3;
/** A limit of integers from here up is dropped if the other limit is below MOST_NEAR. */
const BEYOND_DIGITS = 1e40;
const MOST_NEAR = 1e30;
/** Digits after the point of a step; no number that JSON.stringify writes has more without an exponent. */
const MOST_SCALE = 22;

/**
 * A number is accepted if it is in the bounds as JavaScript reads it, in all spellings of JSON.stringify. Exceptions:
 * integers have no exponent, and they are compared exactly with powers of two above 2^53, so that those of 64 bits are exact.
 * @returns null if no number is in the bounds
 * @throws StepError for steps that a grammar cannot count
 */
export function numberRule(bounds: NumberBounds, rules: Rules): GrammarNode | null {
  if (!canBeCounted(bounds.steps)) throw new StepError("must be above 0");
  if (hasNone(bounds)) return null;
  const { isInteger, min, max, steps } = bounds;
  const isUnlimited = lowestDouble(min) === null && highestDouble(max) === null;
  if (isUnlimited && steps.length === 0) return isInteger ? anyInteger(rules) : anyNumber(rules);
  return rules.shared(`number ${JSON.stringify([isInteger, min, max, steps])}`, () => {
    const numbers = numbersIn(bounds, rules);
    if (!numbers) return null;
    rules.budget.spend(sizeOf(numbers).chars * UNITS_PER_CHAR);
    return rules.add("number", numbers);
  });
}

function numbersIn(bounds: NumberBounds, rules: Rules): GrammarNode | null {
  const { low, high } = { low: lowestDouble(bounds.min), high: highestDouble(bounds.max) };
  const step = stepOfBounds(bounds);
  if (step === null) return numberRange(rules, { low, high, most: null });
  const isPowerOfTen = step.units === 1n && step.scale > 0;
  if (isPowerOfTen && step.scale <= MOST_SCALE)
    return numberRange(rules, { low, high, most: step.scale });
  const limits = rangeInSteps(withoutFar(bounds), step.scale);
  if (step.units === WHOLE.units && step.scale === WHOLE.scale)
    return onBothSides(limits.min, limits.max, (from, to) => naturals(rules, from, to));
  return multiples(rules, { step, ...limits });
}

/** Drops limits that no integer reaches: without an upper limit, integers near a limit below MOST_NEAR have at most 32 digits. */
function withoutFar(bounds: NumberBounds): NumberBounds {
  const { min, max } = bounds;
  const [low, high] = [min?.value ?? -Infinity, max?.value ?? Infinity];
  return {
    ...bounds,
    min: low <= -BEYOND_DIGITS && high > -MOST_NEAR ? null : min,
    max: high >= BEYOND_DIGITS && low < MOST_NEAR ? null : max,
  };
}
