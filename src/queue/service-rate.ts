// How fast slots become free, measured: the source of every estimate that clients are told.

/** Weight of the newest measurement. */
const NEWEST = 0.2;

export class ServiceRate {
  #meanMs: number | null = null;

  /** One request has held its slot for `heldMs`. */
  observe(heldMs: number): void {
    this.#meanMs = this.#meanMs === null ? heldMs : this.#meanMs + NEWEST * (heldMs - this.#meanMs);
  }

  /**
   * Expected wait in ms of the request at `position` (1 is next) on `slots` busy slots; null while nothing is known.
   * @param runningMs how long those on slots have held them so far, in the mean: where that is more than earlier
   *   requests took, these are longer ones
   */
  waitMs(position: number, slots: number, runningMs = 0): number | null {
    const meanMs = Math.max(this.#meanMs ?? 0, runningMs);
    return meanMs === 0 ? null : Math.round((position * meanMs) / slots);
  }
}
