// Which prefixes of prompts a node has cached, in 2 KiB: a Bloom filter of prefix hashes (generation/prefix-hashes.ts). It never
// denies a prefix that was added. It affirms others by mistake: 0.2 % of them with 1,000 hashes in it, 2.4 % with 2,000.

const BYTES = 2048;
const BITS = 8 * BYTES;
/** Bits that each hash sets. */
const BITS_OF_A_HASH = 4;
/** Characters of a hash, in base64, that choose one bit: 18 of its random bits, of which 14 are used. */
const CHARACTERS_OF_A_BIT = 3;

/** The value of each character in base64, by its code. */
const VALUES = new Uint8Array(128);
for (const [value, character] of [
  ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
].entries())
  VALUES[character.charCodeAt(0)] = value;

export class PrefixDigest {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array = new Uint8Array(BYTES)) {
    this.#bytes = bytes;
  }

  /** @param text from `encode()`; any other text, such as an empty one, stands for no prefixes */
  static decode(text: string): PrefixDigest {
    const bytes = Buffer.from(text, "base64");
    return bytes.length === BYTES ? new PrefixDigest(bytes) : new PrefixDigest();
  }

  /** @param hashes from `prefixHashes()` */
  add(hashes: Iterable<string>): void {
    for (const hash of hashes) {
      for (let index = 0; index < BITS_OF_A_HASH; index++) {
        const bit = bitOf(hash, index);
        this.#bytes[bit >> 3] = (this.#bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
      }
    }
  }

  /** @returns how many hashes at the start of the list are in the digest: the blocks of the prompt that are cached */
  sharedBlocks(hashes: readonly string[]): number {
    let count = 0;
    for (const hash of hashes) {
      if (!this.#has(hash)) break;
      count += 1;
    }
    return count;
  }

  /** @returns 2,732 characters of base64 */
  encode(): string {
    return Buffer.from(this.#bytes).toString("base64");
  }

  #has(hash: string): boolean {
    for (let index = 0; index < BITS_OF_A_HASH; index++) {
      const bit = bitOf(hash, index);
      if (((this.#bytes[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }
}

/** The hashes are random already, so their characters choose the bits. */
function bitOf(hash: string, index: number): number {
  let value = 0;
  const start = index * CHARACTERS_OF_A_BIT;
  for (let at = start; at < start + CHARACTERS_OF_A_BIT; at++)
    value = (value << 6) | (VALUES[hash.charCodeAt(at)] ?? 0);
  return value % BITS;
}
