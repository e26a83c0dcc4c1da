// LRU cache with a limit in bytes, for results that are expensive to compute.

type Entry<V> = { readonly value: V; readonly bytes: number };

export class RecentCache<V> {
  readonly #maxBytes: number;
  /** The least recently used comes first. */
  readonly #entries = new Map<string, Entry<V>>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** The least recently used comes first. */
  get values(): readonly V[] {
    return Array.from(this.#entries.values(), ({ value }) => value);
  }

  /** Drops a value larger than a quarter of the cache: it would evict too many others. @param bytes size of the value */
  set(key: string, value: V, bytes: number): void {
    const entry = { value, bytes: bytes + 2 * key.length };
    this.#remove(key);
    if (entry.bytes > this.#maxBytes / 4) return;
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
    for (const [oldest] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
