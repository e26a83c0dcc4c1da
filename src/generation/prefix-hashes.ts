// Hashes of a prompt's prefixes, one for each block of tokens. Two prompts share a prefix as far as their hashes are equal, so
// prefixes can be found and compared without keeping the tokens.

import { hash } from "node:crypto";

/** Tokens per block: prefixes are compared in steps of this size. */
export const BLOCK_TOKENS = 64;
/** Characters of one hash: 120 bits in base64. */
const HASH_CHARS = 20;

/**
 * @param seed what the hashes depend on besides the tokens, such as the model and the cache scope
 * @returns for each whole block, the hash of all tokens up to its end
 */
export function prefixHashes(tokens: ArrayLike<number>, seed: string): string[] {
  const hashes: string[] = [];
  let last = seed;
  for (let end = BLOCK_TOKENS; end <= tokens.length; end += BLOCK_TOKENS) {
    const block = Array.prototype.slice.call(tokens, end - BLOCK_TOKENS, end).join();
    last = hash("sha256", `${last} ${block}`, "base64").slice(0, HASH_CHARS);
    hashes.push(last);
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
