// One key's tokens per minute, refilled evenly. The rate-limiter packages do not fit: they refuse a charge that exceeds
// the limit, or forget it when their window ends. Here a running answer continues past the limit, and the overdraft
// must refill before the key's next request.

const MINUTE_MS = 60_000;

/** Current state of a budget. */
export type TokenBudgetState = {
  readonly limit: number;
  /** Tokens that may be spent now. */
  readonly remaining: number;
  /** Time until the budget is full again. */
  readonly resetMs: number;
  /** Time until a token can be spent; 0 if one can be spent now. */
  readonly retryMs: number;
};

export class TokenBudget {
  #spent = 0;
  #atMs = performance.now();
  #perMinute: number;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  get state(): TokenBudgetState {
    this.#refill();
    const missing = Math.max(0, this.#spent + 1 - this.#perMinute);
    return {
      limit: this.#perMinute,
      remaining: Math.max(0, Math.floor(this.#perMinute - this.#spent)),
      resetMs: Math.ceil((this.#spent * MINUTE_MS) / this.#perMinute),
      retryMs: Math.ceil((missing * MINUTE_MS) / this.#perMinute),
    };
  }

  /** A negative number returns tokens. */
  spend(tokens: number): void {
    this.#refill();
    this.#spent = Math.max(0, this.#spent + tokens);
  }

  /** Keeps the tokens spent so far. */
  changeTo(perMinute: number): void {
    if (perMinute === this.#perMinute) return;
    this.#refill();
    this.#perMinute = perMinute;
  }

  #refill(): void {
    const now = performance.now();
    const refilled = ((now - this.#atMs) * this.#perMinute) / MINUTE_MS;
    this.#spent = Math.max(0, this.#spent - refilled);
    this.#atMs = now;
  }
}
