// A key's tokens per minute: what it spends comes back evenly. Not one of the rate-limiter packages: those refuse what would go
// over the limit, or forget it with the end of their window; here a running answer goes on, and what it took too much has
// to come back before the next request.

const MINUTE_MS = 60_000;

/** As it stands. */
export type AllowanceState = {
  readonly limit: number;
  /** Tokens that may be spent now. */
  readonly remaining: number;
  /** Until all of it is back. */
  readonly resetMs: number;
  /** Until a token can be spent; 0 where one can. */
  readonly retryMs: number;
};

export class TokenAllowance {
  #spent = 0;
  #atMs = performance.now();
  #perMinute: number;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  get state(): AllowanceState {
    this.#refill();
    const missing = Math.max(0, this.#spent + 1 - this.#perMinute);
    return {
      limit: this.#perMinute,
      remaining: Math.max(0, Math.floor(this.#perMinute - this.#spent)),
      resetMs: Math.ceil((this.#spent * MINUTE_MS) / this.#perMinute),
      retryMs: Math.ceil((missing * MINUTE_MS) / this.#perMinute),
    };
  }

  /** Negative gives back. */
  spend(tokens: number): void {
    this.#refill();
    this.#spent = Math.max(0, this.#spent + tokens);
  }

  /** What was spent stays spent. */
  changeTo(perMinute: number): void {
    if (perMinute === this.#perMinute) return;
    this.#refill();
    this.#perMinute = perMinute;
  }

  #refill(): void {
    const now = performance.now();
    const back = ((now - this.#atMs) * this.#perMinute) / MINUTE_MS;
    this.#spent = Math.max(0, this.#spent - back);
    this.#atMs = now;
  }
}
