// Who is on a slot: the handlers have their choices' leases watched, GET /slots shows what was seen. A number here is a
// place on this board; which sequence of the model it is, only the worker knows.

import type { SlotUse } from "../api/native-state.ts";
import type { SlotLease } from "../generation/slot-lease.ts";

type Entry = { readonly use: () => Omit<SlotUse, "heldMs">; readonly takenAtMs: number };

export class SlotBoard {
  readonly #slots: number;
  readonly #taken = new Map<number, Entry>();

  constructor(slots: number) {
    this.#slots = slots;
  }

  /** One for each slot, null for a free one. */
  get uses(): readonly (SlotUse | null)[] {
    const now = performance.now();
    return Array.from({ length: this.#slots }, (_, number) => {
      const entry = this.#taken.get(number);
      return entry ? { ...entry.use(), heldMs: now - entry.takenAtMs } : null;
    });
  }

  /** The same lease, with an entry here for as long as it holds a slot. @param use what is known of it by then */
  watch(lease: SlotLease, use: Entry["use"]): SlotLease {
    const taken = this.#taken;
    let number: number | null = null;
    return {
      acquire: async () => {
        await lease.acquire();
        if (!lease.isHeld) return; // it was released again before this went on
        number = this.#lowestFree();
        taken.set(number, { use, takenAtMs: performance.now() });
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
