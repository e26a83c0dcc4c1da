// The token allowances of all keys: what a key spends in one line counts in every line.

import { type AllowanceState, TokenAllowance } from "./token-allowance.ts";

/** Null is no limit. */
export type ShareLimits = {
  /** Slots at the same time. */
  readonly concurrent: number | null;
  /** Requests that may wait for one. */
  readonly waiting: number | null;
  readonly tokensPerMinute: number | null;
};

/** On whose behalf a request enters. */
export type Sharer = {
  /** The same for all requests of one key. */
  readonly owner: string;
  readonly limits: ShareLimits;
};

/** Where there are no keys. */
export const EVERYBODY: Sharer = {
  owner: "",
  limits: { concurrent: null, waiting: null, tokensPerMinute: null },
};

export class Accounts {
  readonly #allowances = new Map<string, TokenAllowance>();

  /** Null for a key without a limit. */
  stateOf(sharer: Sharer): AllowanceState | null {
    return this.#allowanceOf(sharer)?.state ?? null;
  }

  /** Also of a key that has lost its limit, or got it, meanwhile. */
  spend(owner: string, tokens: number): void {
    this.#allowances.get(owner)?.spend(tokens);
  }

  #allowanceOf({ owner, limits }: Sharer): TokenAllowance | null {
    const { tokensPerMinute } = limits;
    if (tokensPerMinute === null) {
      this.#allowances.delete(owner);
      return null;
    }
    const known = this.#allowances.get(owner);
    known?.changeTo(tokensPerMinute);
    if (known) return known;
    const fresh = new TokenAllowance(tokensPerMinute);
    this.#allowances.set(owner, fresh);
    return fresh;
  }
}
