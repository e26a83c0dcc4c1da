// Who will get a slot when: told to all who wait, again and again. It is played through anew when something has changed; in a
// long line, where that takes its time, only so often that it keeps nobody else waiting.

export type LinePlace = {
  readonly owner: string;
  /** 1 is next. */
  readonly position: number;
  /** The same among the requests of its key. */
  readonly ownPosition: number;
  /** Slots that its key may have. */
  readonly ownSlots: number;
};

/** Streams that run on are charged meanwhile, and flex requests age: after so long it is played again in any case. */
const GOOD_MS = 1_000;
/** What takes less than this is played at every change. */
const QUICK_MS = 2;
/** What takes more has this share of the time at most. */
const SHARE = 0.05;

export class Forecast {
  readonly #play: () => ReadonlyMap<string, LinePlace>;
  #places: ReadonlyMap<string, LinePlace> = new Map();
  #playedAtMs = Number.NEGATIVE_INFINITY;
  #tookMs = 0;
  #hasChanged = true;
  /** Slots given out since it was played. */
  #served = 0;

  /** @param play who comes when, from here on, by id */
  constructor(play: () => ReadonlyMap<string, LinePlace>) {
    this.#play = play;
  }

  change(): void {
    this.#hasChanged = true;
  }

  serve(): void {
    this.#hasChanged = true;
    this.#served += 1;
  }

  /** Null for whoever is not in it: it may have come since it was played. */
  of(id: string): LinePlace | null {
    this.#refresh();
    return this.#asOfNow(this.#places.get(id));
  }

  /** The next one of a key. */
  next(owner: string): LinePlace | null {
    this.#refresh();
    for (const place of this.#places.values()) {
      if (place.owner === owner) return this.#asOfNow(place);
    }
    return null;
  }

  #asOfNow(place: LinePlace | undefined): LinePlace | null {
    if (!place || this.#served === 0) return place ?? null;
    return { ...place, position: Math.max(1, place.position - this.#served) };
  }

  #refresh(): void {
    const now = performance.now();
    const restMs = this.#tookMs < QUICK_MS ? 0 : this.#tookMs / SHARE;
    const sinceMs = now - this.#playedAtMs;
    if (sinceMs < (this.#hasChanged ? restMs : Math.max(restMs, GOOD_MS))) return;
    this.#places = this.#play();
    this.#playedAtMs = performance.now();
    this.#tookMs = this.#playedAtMs - now;
    this.#hasChanged = false;
    this.#served = 0;
  }
}
