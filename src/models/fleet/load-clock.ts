// How long a model takes to load, and what follows from that: when it is expected to be ready, and how long it is kept at least.

/** A model is kept for at least this time, and this many times as long as it took to load, when requests of others wait. */
const MIN_KEPT_MS = 5_000;
const KEPT_LOADS = 3;
const MAX_KEPT_MS = 60_000;

export class LoadClock {
  #startedAtMs: number | null = null;
  #readyAtMs: number | null = null;
  /** The time of the last load; null before any. */
  #tookMs: number | null = null;

  start(): void {
    this.#startedAtMs = performance.now();
  }

  ready(): void {
    const now = performance.now();
    this.#readyAtMs = now;
    this.#tookMs = now - (this.#startedAtMs ?? now);
    this.#startedAtMs = null;
  }

  /** When it was ready the last time; null before any. */
  get readyAtMs(): number | null {
    return this.#readyAtMs;
  }

  get tookMs(): number | null {
    return this.#tookMs;
  }

  /** Expected time until the model is ready; null before it was loaded for the first time. */
  get etaMs(): number | null {
    if (this.#tookMs === null) return null;
    const sinceMs = this.#startedAtMs === null ? 0 : performance.now() - this.#startedAtMs;
    return Math.max(0, Math.round(this.#tookMs - sinceMs));
  }

  /** Before this time, requests for other models do not take its memory while it is in use. */
  get keptUntilMs(): number {
    const keptMs = Math.max(MIN_KEPT_MS, KEPT_LOADS * (this.#tookMs ?? 0));
    return (this.#readyAtMs ?? 0) + Math.min(MAX_KEPT_MS, keptMs);
  }
}
