// The sender of a request: its API key, and the limits of that key.

/** Null means no limit. */
export type KeyLimits = {
  /** Requests running at the same time; further ones wait. */
  readonly concurrent: number | null;
  readonly waiting: number | null;
  /** Uncached prompt tokens plus generated tokens, as in the other budgets. */
  readonly tokensPerMinute: number | null;
  /** From 00:00 to 24:00 UTC. */
  readonly tokensPerDay: number | null;
  /** Of a month of the calendar, in UTC. */
  readonly tokensPerMonth: number | null;
};

/** Several keys, whose limits hold for all of them together. */
export type CallerGroup = {
  /** Identifies the group among all owners. */
  readonly owner: string;
  readonly name: string;
  /** Without a limit of waiting requests, which is each key's own. */
  readonly limits: KeyLimits;
};

export type LimitedCaller = {
  /** Identifies the key: its SHA-256 as hex. */
  readonly owner: string;
  readonly limits: KeyLimits;
  /** Default: none. */
  readonly group?: CallerGroup | null;
};
