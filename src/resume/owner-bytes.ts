// Memory of each owner in a store, and of all owners together.

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

  /** Negative numbers subtract. An owner without bytes is forgotten. */
  add(owner: string, change: Holding): void {
    const holding = sumOf(this.of(owner), change);
    if (holding.bytes > 0) this.#byOwner.set(owner, holding);
    else this.#byOwner.delete(owner);
    this.#all = sumOf(this.#all, change);
  }

  /** Returns the most bytes each owner may keep so that together they keep at most `totalBytes`. */
  share(totalBytes: number): number {
    return equalShare([...this.#byOwner.values()], totalBytes);
  }
}

function sumOf(one: Holding, other: Holding): Holding {
  return { bytes: one.bytes + other.bytes, fixedBytes: one.fixedBytes + other.fixedBytes };
}
