// The token budgets of all keys: per minute, refilled evenly, and per day and month. All queues share them, so tokens spent in one queue count in every other.
// The rate-limiter packages do not fit: they refuse a charge that exceeds the limit, or forget it when their window ends. Here
// a running answer continues past the limit, and the overdraft must refill before the key's next request.

import type { LimitedCaller } from "../generation/caller.ts";
import { type Spendings, usedUpPeriod } from "./period-budgets.ts";

const MINUTE_MS = 60_000;

/** Current state of a key's budget. */
export type TokenBudgetState = {
  readonly limit: number;
  /** Tokens that may be spent now. */
  readonly remaining: number;
  /** Time until the budget is full again. */
  readonly resetMs: number;
  /** Time until a token can be spent; 0 if one can be spent now. */
  readonly retryMs: number;
};

/** A budget of which nothing is left. */
export type UsedUpBudget = {
  readonly period: "minute" | "day" | "month";
  readonly limit: number;
  /** Time until a token can be spent. */
  readonly retryMs: number;
  /** Whose budget it is, for the error. */
  readonly subject: string;
};

type Budget = { perMinute: number; spent: number; atMs: number };

export class TokenBudgets {
  readonly #budgets = new Map<string, Budget>();
  readonly #spendings: Spendings;

  /** @param spendings counts all tokens by day */
  constructor(spendings: Spendings) {
    this.#spendings = spendings;
  }

  /** Null for a key without a limit. A change of the limit keeps the tokens spent so far. */
  stateOf({ owner, limits }: LimitedCaller): TokenBudgetState | null {
    const { tokensPerMinute: limit } = limits;
    if (limit === null) {
      this.#budgets.delete(owner);
      return null;
    }
    const budget = this.#budgets.get(owner) ?? { perMinute: limit, spent: 0, atMs: 0 };
    refill(budget);
    budget.perMinute = limit;
    this.#budgets.set(owner, budget);
    const { spent } = budget;
    return {
      limit,
      remaining: Math.max(0, Math.floor(limit - spent)),
      resetMs: Math.ceil((spent * MINUTE_MS) / limit),
      retryMs: Math.ceil((Math.max(0, spent + 1 - limit) * MINUTE_MS) / limit),
    };
  }

  /** A budget of the key, or of its group, of which nothing is left; null if there is none. */
  usedUp(caller: LimitedCaller): UsedUpBudget | null {
    const ofKey = this.#usedUpBy(caller, "this key");
    if (ofKey) return ofKey;
    const { group } = caller;
    return group ? this.#usedUpBy(group, `the group ${group.name} of this key`) : null;
  }

  /**
   * Leaves the tokens per minute alone for a key without that limit: it may have been removed since the request was admitted.
   * @param caller whose group, if there is one, has spent them too
   * @param tokens a negative number returns tokens
   */
  spend({ owner, group }: Pick<LimitedCaller, "owner" | "group">, tokens: number): void {
    this.#spend(owner, tokens);
    if (group) this.#spend(group.owner, tokens);
  }

  #usedUpBy(account: LimitedCaller, subject: string): UsedUpBudget | null {
    const period = usedUpPeriod(account, this.#spendings);
    if (period) return { ...period, subject };
    const state = this.stateOf(account);
    if (!state || state.retryMs === 0) return null;
    return { period: "minute", limit: state.limit, retryMs: state.retryMs, subject };
  }

  #spend(owner: string, tokens: number): void {
    this.#spendings.spend(owner, tokens);
    const budget = this.#budgets.get(owner);
    if (!budget) return;
    refill(budget);
    budget.spent = Math.max(0, budget.spent + tokens);
  }
}

function refill(budget: Budget): void {
  const now = performance.now();
  const refilled = ((now - budget.atMs) * budget.perMinute) / MINUTE_MS;
  budget.spent = Math.max(0, budget.spent - refilled);
  budget.atMs = now;
}
