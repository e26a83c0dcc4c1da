// The line before the thread. Owners take turns, so that many documents of one client delay another client's by one.

export type Waiting = { readonly owner: string };

export class FairLine<T extends Waiting> {
  /** By owner, the one whose turn is next comes first. */
  readonly #byOwner = new Map<string, T[]>();

  add(waiting: T): void {
    const own = this.#byOwner.get(waiting.owner);
    if (own) own.push(waiting);
    else this.#byOwner.set(waiting.owner, [waiting]);
  }

  remove(waiting: T): void {
    const own = this.#byOwner.get(waiting.owner) ?? [];
    const others = own.filter((each) => each !== waiting);
    if (others.length > 0) this.#byOwner.set(waiting.owner, others);
    else this.#byOwner.delete(waiting.owner);
  }

  /** @returns undefined when the line is empty */
  next(): T | undefined {
    const [turn] = this.#byOwner;
    if (!turn) return undefined;
    const [owner, own] = turn;
    const first = own.shift();
    this.#byOwner.delete(owner);
    if (own.length > 0) this.#byOwner.set(owner, own); // behind all others
    return first;
  }
}
