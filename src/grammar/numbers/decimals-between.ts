// The decimals between two limits, without a sign and without an exponent.

import type { GrammarNode } from "../nodes.ts";
import type { Rules } from "../rules.ts";
import { anyOf, naturals } from "./digits.ts";
import { fractions, withFraction } from "./fractions.ts";

export type DecimalLimit = {
  readonly whole: bigint;
  /** Null for no limit on the digits after the point. */
  readonly fraction: string | null;
};

type DecimalsOptions = {
  readonly low: DecimalLimit;
  /** Null for no limit. */
  readonly high: DecimalLimit | null;
  /** Limit on digits after the point. */
  readonly mostAfter: (whole: bigint) => number;
  /** Whether a number with more digits is out of the range. Default: false, more digits are only unnecessary. */
  readonly isStrict?: boolean;
};

/** Both limits are allowed themselves. @returns null if there are none */
export function decimalsBetween(
  rules: Rules,
  { low, high, mostAfter, isStrict = false }: DecimalsOptions,
): GrammarNode | null {
  const after = (whole: bigint, limits: { low?: string | null; high?: string | null }) =>
    fractions(rules, { low: null, high: null, ...limits, most: mostAfter(whole), isStrict });
  if (high && high.whole < low.whole) return null;
  if (high && high.whole === low.whole)
    return withFraction(low.whole, after(low.whole, { low: low.fraction, high: high.fraction }));
  const isLowFree = low.fraction === "" && mostAfter(low.whole) === mostAfter(low.whole + 1n);
  const isHighFree = high?.fraction === null;
  const start = isLowFree ? low.whole : low.whole + 1n;
  const end = high && (isHighFree ? high.whole : high.whole - 1n);
  const inner = naturals(rules, start, end);
  return anyOf([
    isLowFree ? null : withFraction(low.whole, after(low.whole, { low: low.fraction })),
    inner && withFraction(inner, after(start, {})),
    high && !isHighFree
      ? withFraction(high.whole, after(high.whole, { high: high.fraction }))
      : null,
  ]);
}
