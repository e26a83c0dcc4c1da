// The prefixes that the node has computed recently, as far as its caches can hold them: what it announces in its digest. It is
// an estimate: the worker decides what it really keeps, and a gateway that is wrong about it only has a prompt read again.

import { BLOCK_TOKENS } from "../../generation/prefix-hashes.ts";
import { PrefixDigest } from "../prefix-digest.ts";

/** With more, the digest would affirm too many prefixes by mistake. These are 131,072 tokens. */
const MOST_HASHES = 2048;
/** Saved prefixes are taken to hold as many tokens again as the slots. */
const TIMES_SLOTS = 2;

export class RecentPrefixes {
  /** Hashes in the order of their last use. */
  readonly #hashes = new Set<string>();
  #encoded: string | null = null;

  /**
   * @param hashes of a prompt that has been read, from `prefixHashes()`
   * @param slotTokens tokens that all slots together hold
   */
  add(hashes: readonly string[], slotTokens: number): void {
    // The last block first, so that the beginnings, which other prompts share, are forgotten last.
    for (const hash of hashes.toReversed()) {
      this.#hashes.delete(hash);
      this.#hashes.add(hash);
    }
    const most = Math.min(MOST_HASHES, Math.floor((TIMES_SLOTS * slotTokens) / BLOCK_TOKENS));
    for (const hash of this.#hashes) {
      if (this.#hashes.size <= most) break;
      this.#hashes.delete(hash);
    }
    this.#encoded = null;
  }

  /** The worker has ended, with what its slots held. */
  clear(): void {
    this.#hashes.clear();
    this.#encoded = null;
  }

  /** For `PrefixDigest.decode()`; empty without prefixes. */
  get digest(): string {
    this.#encoded ??= this.#hashes.size === 0 ? "" : this.#encode();
    return this.#encoded;
  }

  #encode(): string {
    const digest = new PrefixDigest();
    digest.add(this.#hashes);
    return digest.encode();
  }
}
