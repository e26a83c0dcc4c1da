// Sets of numbers that keywords of a schema describe: limits, steps and whether only integers are allowed.

import {
  decimalOf,
  highestDouble,
  highestInteger,
  lowestDouble,
  lowestInteger,
  type NumberLimit,
  unitsFrom,
  unitsTo,
} from "./number-limit.ts";
import {
  isMultiple,
  leastCommonStep,
  type NumberStep,
  roundedUp,
  stepOf,
  WHOLE,
} from "./number-step.ts";

export type NumberBounds = {
  readonly isInteger: boolean;
  /** Null for none. */
  readonly min: NumberLimit | null;
  /** Null for none. */
  readonly max: NumberLimit | null;
  /** The number must be a multiple of all of them. */
  readonly steps: readonly number[];
};

export const ANY_NUMBER: NumberBounds = { isInteger: false, min: null, max: null, steps: [] };

/** @returns the numbers that are in both; null if it is certain that there are none */
export function boundsOfBoth(a: NumberBounds, b: NumberBounds): NumberBounds | null {
  const both = {
    isInteger: a.isInteger || b.isInteger,
    min: stricter(a.min, b.min, (x, y) => x > y),
    max: stricter(a.max, b.max, (x, y) => x < y),
    steps: [...new Set([...a.steps, ...b.steps])],
  };
  return hasNone(both) ? null : both;
}

function stricter(
  a: NumberLimit | null,
  b: NumberLimit | null,
  isStricter: (x: number, y: number) => boolean,
): NumberLimit | null {
  if (a === null || b === null) return a ?? b;
  if (a.value === b.value) return a.isExclusive ? a : b;
  return isStricter(a.value, b.value) ? a : b;
}

/** Whether it is certain that no number is in the bounds. */
export function hasNone(bounds: NumberBounds): boolean {
  const [low, high] = [lowestDouble(bounds.min), highestDouble(bounds.max)];
  if ((low ?? 0) === Number.POSITIVE_INFINITY || (high ?? 0) === Number.NEGATIVE_INFINITY)
    return true;
  if (low === null || high === null) return false;
  if (low > high) return true;
  const step = canBeCounted(bounds.steps) ? stepOfBounds(bounds) : null;
  const range = step && rangeInSteps(bounds, step.scale);
  if (!step || range?.min == null || range.max === null) return false;
  return roundedUp(range.min, step.units) > range.max;
}

/** Whether all are above 0, and finite. */
export function canBeCounted(steps: readonly number[]): boolean {
  return steps.every((step) => step > 0 && Number.isFinite(step));
}

/** @returns the step of all numbers in the bounds; null if any decimal is allowed */
export function stepOfBounds({ isInteger, steps }: NumberBounds): NumberStep | null {
  return leastCommonStep([...(isInteger ? [WHOLE] : []), ...steps.map(stepOf)]);
}

type UnitRange = { readonly min: bigint | null; readonly max: bigint | null };

/** @returns the limits in units of 10^-scale, on their inner side; null for no limit */
export function rangeInSteps({ isInteger, min, max }: NumberBounds, scale: number): UnitRange {
  const [low, high] = [lowestDouble(min), highestDouble(max)];
  if (isInteger && scale === 0)
    return {
      min: min && low !== null ? lowestInteger(min) : null,
      max: max && high !== null ? highestInteger(max) : null,
    };
  return {
    min: low === null ? null : unitsFrom(decimalOf(low), scale),
    max: high === null ? null : unitsTo(decimalOf(high), scale),
  };
}

/** Limits are compared as doubles, and steps as the exact decimals that were written: 0.3 is a multiple of 0.1. */
export function boundsAllow({ isInteger, min, max, steps }: NumberBounds, value: number): boolean {
  if (isInteger && !Number.isInteger(value)) return false;
  if (min && !(min.isExclusive ? value > min.value : value >= min.value)) return false;
  if (max && !(max.isExclusive ? value < max.value : value <= max.value)) return false;
  return canBeCounted(steps) && steps.every((step) => isMultiple(value, stepOf(step)));
}

/** @returns all other numbers as up to two ranges; null if steps or integers leave gaps */
export function boundsOutside(bounds: NumberBounds): readonly NumberBounds[] | null {
  const { isInteger, min, max, steps } = bounds;
  if (isInteger || steps.length > 0) return null;
  if (hasNone(bounds)) return [ANY_NUMBER];
  return [
    ...(min ? [{ ...ANY_NUMBER, max: opposite(min) }] : []),
    ...(max ? [{ ...ANY_NUMBER, min: opposite(max) }] : []),
  ].filter((outside) => !hasNone(outside));
}

function opposite({ value, isExclusive }: NumberLimit): NumberLimit {
  return { value, isExclusive: !isExclusive };
}
