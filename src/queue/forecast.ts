// Predicts when each waiting request gets a slot; waiting clients read it repeatedly. A change triggers a new
// simulation. In a long queue, where a simulation is slow, it runs less often so that it does not delay other work.

export type ForecastPosition = {
  /** 1 is next. */
  readonly position: number;
  /** Position among the requests of the same key. */
  readonly ownPosition: number;
  /** Slots its key may hold. */
  readonly ownSlots: number;
};

/**
 * A forecast older than this is recomputed even without a change, because running streams are charged and flex requests age.
 */
const MAX_AGE_MS = 1_000;
/** A simulation that takes less than this runs after every change. */
const CHEAP_MS = 2;
/** A slower simulation takes at most this share of the time. */
const MAX_TIME_SHARE = 0.05;

export class Forecast {
  readonly #simulate: () => ReadonlyMap<string, ForecastPosition>;
  #positions: ReadonlyMap<string, ForecastPosition> = new Map();
  #simulatedAtMs = Number.NEGATIVE_INFINITY;
  #tookMs = 0;
  #hasChanged = true;
  /** Slots given out since the last simulation. */
  #served = 0;

  /** @param simulate returns the current position of every waiting request, by id */
  constructor(simulate: () => ReadonlyMap<string, ForecastPosition>) {
    this.#simulate = simulate;
  }

  invalidate(): void {
    this.#hasChanged = true;
  }

  recordServed(): void {
    this.#hasChanged = true;
    this.#served += 1;
  }

  /** Returns null for a request that entered after the last simulation. */
  positionOf(id: string): ForecastPosition | null {
    this.#refresh();
    const found = this.#positions.get(id);
    return found ? { ...found, position: Math.max(1, found.position - this.#served) } : null;
  }

  #refresh(): void {
    const now = performance.now();
    const restMs = this.#tookMs < CHEAP_MS ? 0 : this.#tookMs / MAX_TIME_SHARE;
    const sinceMs = now - this.#simulatedAtMs;
    if (sinceMs < (this.#hasChanged ? restMs : Math.max(restMs, MAX_AGE_MS))) return;
    this.#positions = this.#simulate();
    this.#simulatedAtMs = performance.now();
    this.#tookMs = this.#simulatedAtMs - now;
    this.#hasChanged = false;
    this.#served = 0;
  }
}
