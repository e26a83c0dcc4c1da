// The queue of the compile thread. Keys take turns, so many documents of one client delay another client's by only one.

export type OwnedItem = { readonly owner: string };

export class FairQueue<T extends OwnedItem> {
  /** Waiting documents by owner; the owner whose turn is next comes first. */
  readonly #byOwner = new Map<string, T[]>();

  add(item: T): void {
    const own = this.#byOwner.get(item.owner);
    if (own) own.push(item);
    else this.#byOwner.set(item.owner, [item]);
  }

  remove(item: T): void {
    const own = this.#byOwner.get(item.owner) ?? [];
    const others = own.filter((each) => each !== item);
    if (others.length > 0) this.#byOwner.set(item.owner, others);
    else this.#byOwner.delete(item.owner);
  }

  /** @returns undefined if the queue is empty */
  next(): T | undefined {
    const [next] = this.#byOwner;
    if (!next) return undefined;
    const [owner, own] = next;
    const first = own.shift();
    this.#byOwner.delete(owner);
    if (own.length > 0) this.#byOwner.set(owner, own); // now behind all other owners
    return first;
  }
}
