// The memory of each owner in a store, and of all of them together.

import { equalShare, type Holding } from "./equal-share.ts";

const NOTHING: Holding = { bytes: 0, fixedBytes: 0 };

export class OwnerBytes {
  readonly #byOwner = new Map<string, Holding>();
  #all = NOTHING;

  get all(): Holding {
    return this.#all;
  }

  of(owner: string): Holding {
    return this.#byOwner.get(owner) ?? NOTHING;
  }

  /** Takes negative numbers for what goes. An owner that has nothing is forgotten. */
  add(owner: string, change: Holding): void {
    const holding = sumOf(this.of(owner), change);
    if (holding.bytes > 0) this.#byOwner.set(owner, holding);
    else this.#byOwner.delete(owner);
    this.#all = sumOf(this.#all, change);
  }

  /** The most that each may keep, so that all together keep `totalBytes` at most. */
  share(totalBytes: number): number {
    return equalShare([...this.#byOwner.values()], totalBytes);
  }
}

function sumOf(one: Holding, other: Holding): Holding {
  return { bytes: one.bytes + other.bytes, fixedBytes: one.fixedBytes + other.fixedBytes };
}
