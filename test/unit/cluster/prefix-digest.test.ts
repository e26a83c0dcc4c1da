// The digest of cached prefixes: what it affirms and denies, and its text.

import { expect, test } from "vitest";
import { PrefixDigest } from "../../../src/cluster/prefix-digest.ts";
import { prefixHashes } from "../../../src/generation/prefix-hashes.ts";

function hashesOf(blocks: number, seed: string): string[] {
  const tokens = Array.from({ length: 64 * blocks }, (_, index) => index);
  return prefixHashes(tokens, seed);
}

test("a digest has every prefix that was added, also after encoding and decoding", () => {
  const digest = new PrefixDigest();
  const prompts = Array.from({ length: 20 }, (_, index) => hashesOf(50, `prompt ${index}`));
  for (const hashes of prompts) digest.add(hashes);
  const decoded = PrefixDigest.decode(digest.encode());
  for (const hashes of prompts) {
    expect(digest.sharedBlocks(hashes)).toBe(50);
    expect(decoded.sharedBlocks(hashes)).toBe(50);
  }
});

test("only the leading blocks that are in the digest count", () => {
  const digest = new PrefixDigest();
  const hashes = hashesOf(10, "a");
  digest.add(hashes.slice(0, 4));
  digest.add(hashes.slice(5));
  expect(digest.sharedBlocks(hashes)).toBe(4);
  expect(digest.sharedBlocks(hashes.slice(0, 3))).toBe(3);
});

test("with 1,000 hashes, fewer than one in a hundred other prompts is taken for a cached one", () => {
  const digest = new PrefixDigest();
  digest.add(hashesOf(1000, "cached"));
  const others = Array.from({ length: 5000 }, (_, index) => hashesOf(1, `other ${index}`));
  const mistaken = others.filter((hashes) => digest.sharedBlocks(hashes) > 0);
  expect(mistaken.length).toBeLessThan(50);
});

test("its text has a fixed size, and any other text stands for no prefixes", () => {
  const digest = new PrefixDigest();
  expect(digest.encode()).toHaveLength(2732);
  digest.add(hashesOf(300, "a"));
  expect(digest.encode()).toHaveLength(2732);
  for (const text of ["", "abc", digest.encode().slice(4)])
    expect(PrefixDigest.decode(text).sharedBlocks(hashesOf(1, "a"))).toBe(0);
});
