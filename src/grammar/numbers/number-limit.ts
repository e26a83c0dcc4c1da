// Limits of numbers. JavaScript reads numbers as doubles, so a limit stands for the shortest decimal that reads as its double,
// and an excluded limit for the next double.

/** A limit of a range. */
export type NumberLimit = { readonly value: number; readonly isExclusive: boolean };

/** A decimal without exponent. */
export type Decimal = {
  readonly isNegative: boolean;
  readonly whole: bigint;
  /** Digits after the point, without zeros at the end. */
  readonly fraction: string;
};

/** @returns the shortest decimal that reads as this number */
export function decimalOf(value: number): Decimal {
  const [, sign, whole = "", decimals = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([-+]\d+))?$/.exec(String(value)) ?? [];
  const digits = whole + decimals;
  const point = whole.length + Number(exponent);
  const before = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  const after = point > 0 ? digits.slice(point) : "0".repeat(-point) + digits;
  return {
    isNegative: sign === "-",
    whole: BigInt(before),
    fraction: after.replace(/0+$/, ""),
  };
}

/** @returns the lowest double that the limit allows; null if it allows all, infinite if it allows none */
export function lowestDouble(limit: NumberLimit | null): number | null {
  if (limit === null) return null;
  const value = limit.isExclusive ? nextUp(limit.value) : limit.value;
  return value <= -Number.MAX_VALUE ? null : value;
}

/** @returns the highest double that the limit allows; null if it allows all, infinite if it allows none */
export function highestDouble(limit: NumberLimit | null): number | null {
  const lowest = lowestDouble(limit && { ...limit, value: -limit.value });
  return lowest === null ? null : 0 - lowest; // no negative zero
}

/** @returns the lowest integer that a finite limit allows */
export function lowestInteger({ value, isExclusive }: NumberLimit): bigint {
  if (isPowerOfTwo(value)) return BigInt(value) + (isExclusive ? 1n : 0n);
  return unitsFrom(decimalOf(isExclusive ? nextUp(value) : value), 0);
}

/**
 * A positive power of two is never allowed itself: 2^63 was read from 2^63 - 1, the limit of integers with 64 bits.
 * @returns the highest integer that a finite limit allows
 */
export function highestInteger({ value, isExclusive }: NumberLimit): bigint {
  const isOutside = isExclusive || (value > 0 && isPowerOfTwo(value));
  return -lowestInteger({ value: -value, isExclusive: isOutside });
}

/** Above 2^53 these are the limits of integer types, and their shortest decimal is another number. */
function isPowerOfTwo(value: number): boolean {
  const size = Math.abs(value);
  if (!(size > Number.MAX_SAFE_INTEGER && size < Number.POSITIVE_INFINITY)) return false;
  return (BigInt(size) & (BigInt(size) - 1n)) === 0n;
}

/** @returns the decimal in units of 10^-scale, rounded up */
export function unitsFrom({ isNegative, whole, fraction }: Decimal, scale: number): bigint {
  const units = BigInt(`${whole}${fraction.slice(0, scale).padEnd(scale, "0")}`);
  const isBetween = fraction.length > scale;
  if (isNegative) return -units;
  return isBetween ? units + 1n : units;
}

/** @returns the decimal in units of 10^-scale, rounded down */
export function unitsTo(decimal: Decimal, scale: number): bigint {
  return -unitsFrom({ ...decimal, isNegative: !decimal.isNegative }, scale);
}

/** The next double above; the highest is followed by infinity. */
export function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  if (!Number.isFinite(value)) return value > 0 ? value : -Number.MAX_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return view.getFloat64(0);
}
