// How many slots each key may hold, and each group of keys together.

import type { LimitedCaller } from "../generation/caller.ts";

export class SlotLimits {
  readonly #slotsPerOwner: number;
  /** By key or group; one without an entry may hold all slots. */
  readonly #limits = new Map<string, number>();
  /** The group of each key that has one. */
  readonly #groups = new Map<string, string>();

  /** @param slotsPerOwner that one key may hold, whatever its own limit is */
  constructor(slotsPerOwner = Number.POSITIVE_INFINITY) {
    this.#slotsPerOwner = slotsPerOwner;
  }

  /** @returns whether a limit has changed, and whether more requests may start now */
  set({ owner, limits, group = null }: LimitedCaller): {
    readonly isChanged: boolean;
    readonly isRaised: boolean;
  } {
    const before = this.limitOf(owner);
    this.#setLimit(owner, limits.concurrent);
    if (group) this.#setLimit(group.owner, group.limits.concurrent);
    if (group) this.#groups.set(owner, group.owner);
    else this.#groups.delete(owner);
    const after = this.limitOf(owner);
    return { isChanged: before !== after, isRaised: before < after };
  }

  /** Slots that a key may hold while the other keys of its group hold none. */
  limitOf(owner: string): number {
    return Math.min(this.#ownLimitOf(owner), this.#groupLimitOf(owner));
  }

  /** Slots that a key may take in addition. @param onSlots the owners of the requests that have a slot */
  freeOf(owner: string, onSlots: readonly string[]): number {
    const group = this.#groups.get(owner);
    const ofKey = this.#ownLimitOf(owner) - count(onSlots, (each) => each === owner);
    if (group === undefined) return ofKey;
    const ofGroup = count(onSlots, (each) => this.#groups.get(each) === group);
    return Math.min(ofKey, this.#groupLimitOf(owner) - ofGroup);
  }

  #ownLimitOf(owner: string): number {
    return Math.min(this.#slotsPerOwner, this.#limits.get(owner) ?? Number.POSITIVE_INFINITY);
  }

  #groupLimitOf(owner: string): number {
    return this.#limits.get(this.#groups.get(owner) ?? "") ?? Number.POSITIVE_INFINITY;
  }

  #setLimit(account: string, slots: number | null): void {
    if (slots === null) this.#limits.delete(account);
    else this.#limits.set(account, slots);
  }
}

function count(owners: readonly string[], isCounted: (owner: string) => boolean): number {
  let counted = 0;
  for (const owner of owners) if (isCounted(owner)) counted += 1;
  return counted;
}
