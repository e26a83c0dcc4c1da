// Records which request holds which slot, for GET /slots. The handlers wrap the lease of each choice with `watch()`. A slot number
// here is only a row of this board: the worker alone knows the model's sequence.

import type { ShownSlot, SlotUse } from "../../api/llama-cpp/state.ts";
import type { SlotLease } from "../../generation/slot-lease.ts";

export type SlotTaker = {
  /** Other owners only see that the slot is busy. */
  readonly owner: string;
  /** The current figures of its request. */
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

  /** @param owner the caller; null for an admin, who sees everything. @returns one entry for each slot */
  shownTo(owner: string | null): readonly ShownSlot[] {
    const now = performance.now();
    return Array.from({ length: this.#slots }, (_, number) => {
      const entry = this.#taken.get(number);
      if (!entry) return null;
      if (owner !== null && entry.owner !== owner) return "busy";
      return { ...entry.use(), heldMs: now - entry.takenAtMs };
    });
  }

  /** @returns the lease, wrapped so that it has an entry here while it holds a slot */
  watch(lease: SlotLease, taker: SlotTaker): SlotLease {
    const taken = this.#taken;
    let number: number | null = null;
    return {
      acquire: async () => {
        await lease.acquire();
        if (!lease.isHeld) return; // it was released again before this line ran
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
