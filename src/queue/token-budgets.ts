// Token budgets of all keys. All queues share them, so tokens spent in one queue count in every other.

import { TokenBudget, type TokenBudgetState } from "./token-budget.ts";

/** Null means no limit. */
export type CallerLimits = {
  /** Slots held at the same time. */
  readonly concurrent: number | null;
  /** Requests waiting for a slot. */
  readonly waiting: number | null;
  readonly tokensPerMinute: number | null;
};

/** The API key on whose behalf a request enters the queue. */
export type QueueCaller = {
  /** Same value for all requests of one key. */
  readonly owner: string;
  readonly limits: CallerLimits;
};

/** The caller of every request on a server without keys. */
export const ANONYMOUS_CALLER: QueueCaller = {
  owner: "",
  limits: { concurrent: null, waiting: null, tokensPerMinute: null },
};

export class TokenBudgets {
  readonly #budgets = new Map<string, TokenBudget>();

  stateOf(caller: QueueCaller): TokenBudgetState | null {
    return this.#budgetOf(caller)?.state ?? null;
  }

  /** Does nothing for a key without a budget: its limit may have been removed since the request was admitted. */
  spend(owner: string, tokens: number): void {
    this.#budgets.get(owner)?.spend(tokens);
  }

  #budgetOf({ owner, limits }: QueueCaller): TokenBudget | null {
    const { tokensPerMinute } = limits;
    if (tokensPerMinute === null) {
      this.#budgets.delete(owner);
      return null;
    }
    const known = this.#budgets.get(owner);
    known?.changeTo(tokensPerMinute);
    if (known) return known;
    const fresh = new TokenBudget(tokensPerMinute);
    this.#budgets.set(owner, fresh);
    return fresh;
  }
}
