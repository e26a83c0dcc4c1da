// The limits of a range of numbers, as exact decimals.

/** Most digits of a number before the point without an upper limit, and after it. */
export const MOST_DIGITS = 16;
/** Limits are rounded into the range to this many digits after the point. */
const MOST_LIMIT_DIGITS = 20;

/** A limit on a number without its sign. */
export type Limit = {
  readonly whole: bigint;
  /** Digits after the point, without zeros at the end. */
  readonly fraction: string;
  readonly isExclusive: boolean;
};

export type SignedLimit = Limit & { readonly isNegative: boolean };

export const FROM_ZERO: Limit = { whole: 0n, fraction: "", isExclusive: false };

/** @returns the number as the client wrote it: the shortest decimal that reads as this number */
export function limitOf(value: number, isExclusive: boolean): SignedLimit {
  const [, sign, whole = "", decimals = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([-+]\d+))?$/.exec(String(value)) ?? [];
  const digits = whole + decimals;
  const point = whole.length + Number(exponent);
  const before = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  const after = point > 0 ? digits.slice(point) : "0".repeat(-point) + digits;
  return {
    isNegative: sign === "-",
    whole: isPowerOfTwo(value) ? BigInt(Math.abs(value)) : BigInt(before),
    fraction: after.replace(/0+$/, ""),
    isExclusive,
  };
}

/** Above 2^53 these are the limits of integer types: the shortest decimal is another number. */
export function isPowerOfTwo(value: number): boolean {
  return Math.abs(value) > Number.MAX_SAFE_INTEGER && Number.isInteger(Math.log2(Math.abs(value)));
}

/** The lowest integer that the limit allows. */
export function atLeast({ isNegative, whole, fraction, isExclusive }: SignedLimit): bigint {
  const towardsZero = isNegative ? -whole : whole;
  const isBeyond = fraction === "" ? isExclusive : !isNegative;
  return isBeyond ? towardsZero + 1n : towardsZero;
}

/** The highest integer that the limit allows. */
export function atMost(limit: SignedLimit): bigint {
  return -atLeast({ ...limit, isNegative: !limit.isNegative });
}

/** Whether a lower limit excludes zero. */
export function isAbove(min: SignedLimit | null): boolean {
  return min !== null && (isZero(min) ? min.isExclusive : !min.isNegative);
}

/** Whether an upper limit excludes zero. */
export function isBelow(max: SignedLimit | null): boolean {
  return max !== null && (isZero(max) ? max.isExclusive : max.isNegative);
}

export function isZero({ whole, fraction }: Limit): boolean {
  return whole === 0n && fraction === "";
}

export function isReversed(low: Limit, high: Limit): boolean {
  if (low.fraction === high.fraction) return low.isExclusive || high.isExclusive;
  return low.fraction > high.fraction; // without zeros at the end, text is in the order of the numbers
}

/** Digits after the point near limits: so few that a number does not read as an excluded limit next to it. */
export function digitsFor(limits: readonly Limit[], most: number): number {
  const digits = limits.map(({ whole, fraction, isExclusive }) =>
    Math.max(
      fraction === "" ? 0 : fraction.length + (isExclusive ? 1 : 0),
      MOST_DIGITS - (whole === 0n ? 0 : String(whole).length),
    ),
  );
  const atLeast = Math.max(...limits.map(({ fraction }) => fraction.length));
  return Math.min(most, Math.max(atLeast, Math.min(...digits)));
}

export function roundedUp(limit: Limit): Limit {
  if (limit.fraction.length <= MOST_LIMIT_DIGITS) return limit;
  const scale = 10n ** BigInt(MOST_LIMIT_DIGITS);
  const up = limit.whole * scale + BigInt(limit.fraction.slice(0, MOST_LIMIT_DIGITS)) + 1n;
  const fraction = String(up % scale)
    .padStart(MOST_LIMIT_DIGITS, "0")
    .replace(/0+$/, "");
  return { whole: up / scale, fraction, isExclusive: false };
}

export function roundedDown(limit: Limit): Limit {
  if (limit.fraction.length <= MOST_LIMIT_DIGITS) return limit;
  const fraction = limit.fraction.slice(0, MOST_LIMIT_DIGITS).replace(/0+$/, "");
  return { whole: limit.whole, fraction, isExclusive: false };
}
