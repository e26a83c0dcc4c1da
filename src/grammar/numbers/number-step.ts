// Steps of numbers, which are multiplied and compared as exact decimals.

import { decimalOf } from "./number-limit.ts";

/** Reports steps that a grammar cannot count; the message says why. */
export class StepError extends Error {
  override readonly name = "StepError";
}

/** A step in units of 10^-scale. The scale is the lowest possible. */
export type NumberStep = { readonly units: bigint; readonly scale: number };

export const WHOLE: NumberStep = { units: 1n, scale: 0 };

/**
 * @param value above 0 and finite
 * @returns the step as the exact decimal that was written
 */
export function stepOf(value: number): NumberStep {
  const { whole, fraction } = decimalOf(value);
  return { units: BigInt(`${whole}${fraction}`), scale: fraction.length };
}

/** @returns the step of which the multiples are those of all steps; null for none */
export function leastCommonStep(steps: readonly NumberStep[]): NumberStep | null {
  const [first, ...others] = steps;
  return first ? others.reduce(commonStep, first) : null;
}

function commonStep(a: NumberStep, b: NumberStep): NumberStep {
  const scale = Math.max(a.scale, b.scale);
  const [one, other] = [unitsAt(a, scale), unitsAt(b, scale)];
  return shortened((one / commonDivisor(one, other)) * other, scale);
}

function unitsAt({ units, scale }: NumberStep, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - scale);
}

function shortened(units: bigint, scale: number): NumberStep {
  let step = { units, scale };
  while (step.scale > 0 && step.units % 10n === 0n)
    step = { units: step.units / 10n, scale: step.scale - 1 };
  return step;
}

export function commonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : commonDivisor(b, a % b);
}

/** Whether a number is a multiple of a step, both as the exact decimals that were written. */
export function isMultiple(value: number, step: NumberStep): boolean {
  const { whole, fraction } = decimalOf(value);
  const scale = Math.max(fraction.length, step.scale);
  const units = BigInt(`${whole}${fraction.padEnd(scale, "0")}`);
  return units % unitsAt(step, scale) === 0n;
}

/** @returns the highest multiple that is not above */
export function roundedDown(value: bigint, step: bigint): bigint {
  const rest = value % step;
  return value - (rest < 0n ? rest + step : rest);
}

/** @returns the lowest multiple that is not below */
export function roundedUp(value: bigint, step: bigint): bigint {
  return -roundedDown(-value, step);
}
