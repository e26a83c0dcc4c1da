// Who is on a slot: the handlers have their choices' leases watched, GET /slots shows what was seen. A number here is a
// place on this board; which sequence of the model it is, only the worker knows.

import type { ShownSlot, SlotUse } from "../../api/llama-cpp/state.ts";
import type { SlotLease } from "../../generation/slot-lease.ts";

/** Who takes a slot. */
export type SlotTaker = {
  /** Nobody else sees more of it than that the slot is busy. */
  readonly owner: string;
  /** What is known of it by then. */
  readonly use: () => Omit<SlotUse, "heldMs">;
};

type Entry = SlotTaker & { readonly takenAtMs: number };

export class SlotBoard {
  readonly #slots: number;
  readonly #taken = new Map<number, Entry>();

  constructor(slots: number) {
    this.#slots = slots;
  }

  get isFull(): boolean {
    return this.#taken.size >= this.#slots;
  }

  get size(): number {
    return this.#slots;
  }

  /** One for each slot. @param owner who asks; null for one who may see all */
  shownTo(owner: string | null): readonly ShownSlot[] {
    const now = performance.now();
    return Array.from({ length: this.#slots }, (_, number) => {
      const entry = this.#taken.get(number);
      if (!entry) return null;
      if (owner !== null && entry.owner !== owner) return "busy";
      return { ...entry.use(), heldMs: now - entry.takenAtMs };
    });
  }

  /** The same lease, with an entry here for as long as it holds a slot. */
  watch(lease: SlotLease, taker: SlotTaker): SlotLease {
    const taken = this.#taken;
    let number: number | null = null;
    return {
      acquire: async () => {
        await lease.acquire();
        if (!lease.isHeld) return; // it was released again before this went on
        number = this.#lowestFree();
        taken.set(number, { ...taker, takenAtMs: performance.now() });
      },
      release: () => {
        if (number !== null) taken.delete(number);
        number = null;
        lease.release();
      },
      get isHeld() {
        return lease.isHeld;
      },
      get isContended() {
        return lease.isContended;
      },
    };
  }

  #lowestFree(): number {
    let number = 0;
    while (this.#taken.has(number)) number += 1;
    return number;
  }
}
