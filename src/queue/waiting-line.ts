// The order in which waiting requests get slots: p-queue's queue class. First come, first served; those who had a slot
// before and had to give it up come back at the front, and those that nobody waits for (flex) come last.

import type { QueueAddOptions } from "p-queue";

/** What p-queue gives us to run. */
type Start = () => Promise<unknown>;
/** Lower ones go first. */
type Rank = 0 | 1 | 2;
type Entry = { readonly id: string; readonly rank: Rank; readonly start: Start };

export type LineOptions = QueueAddOptions & {
  readonly isReturning?: boolean;
  readonly isFlex?: boolean;
};

export class WaitingLine {
  #entries: Entry[] = [];

  get size(): number {
    return this.#entries.length;
  }

  enqueue(start: Start, { id = "", isReturning = false, isFlex = false }: LineOptions = {}): void {
    const rank = isReturning ? 0 : isFlex ? 2 : 1;
    const entry: Entry = { id, rank, start };
    const behind = this.#entries.findIndex((other) => other.rank > rank);
    if (behind >= 0) this.#entries.splice(behind, 0, entry);
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
