// Times between tokens, counted in classes: a long answer takes a few dozen numbers, and the times of many answers add up.

/** The width of a class: a time read back is at most 2.5 % off. */
const GROWTH = 1.05;
const SHORTEST_MS = 0.01;
/** The last class holds everything above about six minutes. */
const CLASSES = 360;

/** Counts by class, as pairs of numbers: class, count, class, count, ... */
export type PackedGaps = Uint32Array;

export class GapCounts {
  /** By class. */
  readonly #counts = new Uint32Array(CLASSES);

  /** @param ms each of these gaps. @param count how many there were */
  add(ms: number, count: number): void {
    const steps = Math.round(Math.log(ms / SHORTEST_MS) / Math.log(GROWTH));
    this.#addTo(Math.min(CLASSES - 1, Math.max(0, steps)), count);
  }

  addAll(packed: PackedGaps): void {
    for (let index = 0; index + 1 < packed.length; index += 2)
      this.#addTo(packed[index] ?? 0, packed[index + 1] ?? 0);
  }

  get packed(): PackedGaps {
    const pairs: number[] = [];
    for (const [index, count] of this.#counts.entries()) if (count > 0) pairs.push(index, count);
    return Uint32Array.from(pairs);
  }

  /** @param shares from 0 to 1, ascending. @returns for each the gap in ms that this share of all gaps does not exceed; null without gaps */
  quantiles(shares: readonly number[]): readonly number[] | null {
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    if (total === 0) return null;
    return shares.map((share) => {
      let left = Math.max(1, Math.ceil(share * total));
      const found = this.#counts.findIndex((count) => {
        left -= count;
        return left <= 0;
      });
      return SHORTEST_MS * GROWTH ** found;
    });
  }

  #addTo(index: number, count: number): void {
    this.#counts[index] = (this.#counts[index] ?? 0) + count;
  }
}
