// Hashes of a prompt's prefixes, one for each block of tokens. Two prompts share a prefix as far as their hashes are equal, so
// prefixes can be found and compared without keeping the tokens.

import { hash } from "node:crypto";

/** Tokens per block: prefixes are compared in steps of this size. */
export const BLOCK_TOKENS = 64;
/** Bytes of a SHA-256, and of the part of it that is kept: 120 bits, 20 characters in base64. */
const DIGEST_BYTES = 32;
const KEPT_BYTES = 15;

/**
 * @param seed what the hashes depend on besides the tokens, such as the model and the cache scope
 * @returns for each whole block, the hash of all tokens up to its end
 */
export function prefixHashes(tokens: ArrayLike<number>, seed: string): string[] {
  const hashes: string[] = [];
  // The hash of all tokens before a block, then those of the block: four bytes each, because text would take five times as long.
  const hashed = Buffer.alloc(DIGEST_BYTES + 4 * BLOCK_TOKENS);
  hash("sha256", seed, "buffer").copy(hashed);
  for (let end = BLOCK_TOKENS; end <= tokens.length; end += BLOCK_TOKENS) {
    for (let index = 0; index < BLOCK_TOKENS; index++)
      hashed.writeInt32LE(tokens[end - BLOCK_TOKENS + index] ?? 0, DIGEST_BYTES + 4 * index);
    const digest = hash("sha256", hashed, "buffer");
    digest.copy(hashed);
    hashes.push(digest.toString("base64", 0, KEPT_BYTES));
  }
  return hashes;
}

/** @returns how many hashes at the start of both lists are equal */
export function sharedBlocks(some: readonly string[], others: readonly string[]): number {
  let [equal, different] = [0, Math.min(some.length, others.length) + 1];
  // Each hash covers all blocks before it, so equal hashes are always at the start.
  while (different - equal > 1) {
    const middle = (equal + different) >> 1;
    if (some[middle - 1] === others[middle - 1]) equal = middle;
    else different = middle;
  }
  return equal;
}
