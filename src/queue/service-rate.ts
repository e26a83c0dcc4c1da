// How fast slots become free, measured: the source of every estimate that clients are told.

/** Weight of the newest measurement. */
const NEWEST = 0.2;

export class ServiceRate {
  #meanMs: number | null = null;

  /** One request has held its slot for `heldMs`. */
  observe(heldMs: number): void {
    this.#meanMs = this.#meanMs === null ? heldMs : this.#meanMs + NEWEST * (heldMs - this.#meanMs);
  }

  /** Expected wait in ms of the request at `position` (1 is next) on `slots` busy slots; null before any measurement. */
  waitMs(position: number, slots: number): number | null {
    return this.#meanMs === null ? null : Math.round((position * this.#meanMs) / slots);
  }
}
