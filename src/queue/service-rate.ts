// Measures how fast slots become free. Every wait estimate shown to clients is based on it.

/** Weight of the newest measurement. */
const NEWEST = 0.2;

export class ServiceRate {
  #meanMs: number | null = null;

  /** Records that one request held its slot for `heldMs`. */
  observe(heldMs: number): void {
    this.#meanMs = weightedMean(this.#meanMs, heldMs);
  }

  /**
   * Expected wait in ms of the request at `position` (1 is next) on `slots` busy slots; null before any measurement, and
   * without slots.
   * @param runningMs how long the running requests have held their slots so far, on average; if that exceeds the mean
   * of earlier requests, the running ones are longer and this value is used
   */
  waitMs(position: number, slots: number, runningMs = 0): number | null {
    const meanMs = Math.max(this.#meanMs ?? 0, runningMs);
    return meanMs === 0 || slots === 0 ? null : Math.round((position * meanMs) / slots);
  }
}

/** The mean so far with a new measurement; null is a mean without measurements. */
export function weightedMean(mean: number | null, value: number): number {
  return mean === null ? value : mean + NEWEST * (value - mean);
}

/** The time after which to retry, from the expected wait; null is one that was not measured. */
export function retrySeconds(waitMs: number | null): number {
  return Math.max(1, Math.ceil((waitMs ?? 0) / 1000));
}
