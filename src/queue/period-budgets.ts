// The tokens per day and per month of a key. Unlike those per minute they do not refill: all are available again when the next
// day or month begins, in UTC. What was spent is counted elsewhere, by day, because it outlives the process.

import type { LimitedCaller } from "../generation/caller.ts";

/** What keys have spent. */
export interface Spendings {
  /** @param tokens a negative number returns tokens */
  spend(owner: string, tokens: number): void;
  spentToday(owner: string): number;
  spentThisMonth(owner: string): number;
  /** Time until the next day and the next month begin, in ms. */
  readonly resets: { readonly dayMs: number; readonly monthMs: number };
}

/** A period whose tokens are used up. */
type UsedUpPeriod = {
  readonly period: "day" | "month";
  readonly limit: number;
  /** Time until the next period begins. */
  readonly retryMs: number;
};

/** Null while both budgets have tokens. If both are used up, the month counts: it ends later. */
export function usedUpPeriod(
  { owner, limits }: LimitedCaller,
  spendings: Spendings,
): UsedUpPeriod | null {
  const { tokensPerDay, tokensPerMonth } = limits;
  const { dayMs, monthMs } = spendings.resets;
  if (tokensPerMonth !== null && spendings.spentThisMonth(owner) >= tokensPerMonth)
    return { period: "month", limit: tokensPerMonth, retryMs: monthMs };
  if (tokensPerDay !== null && spendings.spentToday(owner) >= tokensPerDay)
    return { period: "day", limit: tokensPerDay, retryMs: dayMs };
  return null;
}
