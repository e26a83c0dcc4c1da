// The order in which waiting requests get slots: p-queue's queue class. First come, first served; those who had a slot
// before and had to give it up come back at the front.

import type { QueueAddOptions } from "p-queue";

/** What p-queue gives us to run. */
type Start = () => Promise<unknown>;
type Entry = { readonly id: string; readonly isReturning: boolean; readonly start: Start };

export type LineOptions = QueueAddOptions & { readonly isReturning?: boolean };

export class WaitingLine {
  #entries: Entry[] = [];

  get size(): number {
    return this.#entries.length;
  }

  enqueue(start: Start, { id = "", isReturning = false }: LineOptions = {}): void {
    const entry = { id, isReturning, start };
    const firstNew = this.#entries.findIndex((other) => !other.isReturning);
    if (isReturning && firstNew >= 0) this.#entries.splice(firstNew, 0, entry);
    else this.#entries.push(entry);
  }

  dequeue(): Start | undefined {
    return this.#entries.shift()?.start;
  }

  /** Without it p-queue would go on counting requests that have left. */
  remove(id: string): void {
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
  }

  /** 1 is next; null when it does not wait. */
  positionOf(id: string): number | null {
    const index = this.#entries.findIndex((entry) => entry.id === id);
    return index < 0 ? null : index + 1;
  }

  /** Part of p-queue's contract, for priorities that we do not use. */
  filter(): Start[] {
    return this.#entries.map((entry) => entry.start);
  }

  /** Part of p-queue's contract. @throws Error always: nothing here has a priority to change */
  setPriority(): never {
    throw new Error("the waiting line has no priorities");
  }
}
