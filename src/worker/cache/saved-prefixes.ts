// The index of saved prefixes in one tier: which prompts they can help, how much room they take, and which one goes first.

/** The saved KV cache of a sequence. */
export type SavedPrefix = {
  /** Name of its file, without the extension. */
  readonly id: string;
  /** Hashes of its tokens' prefixes; see prefix-hashes.ts. */
  readonly hashes: readonly string[];
  /** Number of its tokens. */
  readonly tokens: number;
  readonly bytes: number;
};

/** A saved prefix, and how many whole blocks of the prompt it holds. */
export type PrefixMatch = { readonly prefix: SavedPrefix; readonly blocks: number };

export class SavedPrefixes {
  /** By id, the least recently used first. */
  readonly #prefixes = new Map<string, SavedPrefix>();
  /** For each hash, the ids of the prefixes that have it. */
  readonly #holders = new Map<string, Set<string>>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** The least recently used first. */
  get all(): SavedPrefix[] {
    return [...this.#prefixes.values()];
  }

  add(prefix: SavedPrefix): void {
    this.remove(prefix.id);
    this.#prefixes.set(prefix.id, prefix);
    this.#bytes += prefix.bytes;
    for (const hash of prefix.hashes) {
      const holders = this.#holders.get(hash);
      if (holders) holders.add(prefix.id);
      else this.#holders.set(hash, new Set([prefix.id]));
    }
  }

  remove(id: string): void {
    const prefix = this.#prefixes.get(id);
    if (!prefix) return;
    this.#prefixes.delete(id);
    this.#bytes -= prefix.bytes;
    for (const hash of prefix.hashes) {
      const holders = this.#holders.get(hash);
      holders?.delete(id);
      if (holders?.size === 0) this.#holders.delete(hash);
    }
  }

  get(id: string): SavedPrefix | undefined {
    return this.#prefixes.get(id);
  }

  /** Marks it as used last. */
  touch(id: string): void {
    const prefix = this.#prefixes.get(id);
    if (!prefix) return;
    this.#prefixes.delete(id);
    this.#prefixes.set(id, prefix);
  }

  /** Whether one of them holds all blocks of these hashes. */
  holds(hashes: readonly string[]): boolean {
    const last = hashes.at(-1);
    return last === undefined || this.#holders.has(last);
  }

  /**
   * The prefix that holds the most blocks of a prompt.
   * @param isWhole whether all of the prefix must be part of the prompt, because its model cannot go back
   */
  longest(
    hashes: readonly string[],
    { isWhole }: { readonly isWhole: boolean },
  ): PrefixMatch | null {
    for (let blocks = hashes.length; blocks > 0; blocks--) {
      for (const id of this.#holders.get(hashes[blocks - 1] ?? "") ?? []) {
        const prefix = this.#prefixes.get(id);
        if (prefix && (!isWhole || prefix.hashes.length === blocks)) return { prefix, blocks };
      }
    }
    return null;
  }

  /** Ids of the prefixes that another one contains completely. */
  within({ id, hashes }: SavedPrefix): string[] {
    const ends = new Map(hashes.map((hash, at) => [hash, at + 1]));
    return this.all
      .filter((each) => each.id !== id && ends.get(each.hashes.at(-1) ?? "") === each.hashes.length)
      .map((each) => each.id);
  }

  /** Ids to remove, the least recently used first, so that the rest takes at most so many bytes. */
  beyond(maxBytes: number): string[] {
    const ids: string[] = [];
    let left = this.#bytes;
    for (const { id, bytes } of this.#prefixes.values()) {
      if (left <= maxBytes) break;
      ids.push(id);
      left -= bytes;
    }
    return ids;
  }
}
