import fc from "fast-check";
import { expect, test } from "vitest";
import { BLOCK_TOKENS, prefixHashes, sharedBlocks } from "../../../src/generation/prefix-hashes.ts";

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, at) => from + at);

test("only whole blocks have a hash", () => {
  expect(prefixHashes(numbers(BLOCK_TOKENS - 1), "")).toEqual([]);
  expect(prefixHashes(numbers(2 * BLOCK_TOKENS + 5), "")).toHaveLength(2);
});

test("a typed array has the hashes of the same list", () => {
  const tokens = numbers(200);
  expect(prefixHashes(Uint32Array.from(tokens), "seed")).toEqual(prefixHashes(tokens, "seed"));
});

test("another seed shares nothing", () => {
  const tokens = numbers(200);
  expect(sharedBlocks(prefixHashes(tokens, "one"), prefixHashes(tokens, "two"))).toBe(0);
});

test("prompts share exactly the whole blocks before their first difference", () => {
  const position = fc.integer({ min: 0, max: 700 });
  fc.assert(
    fc.property(position, position, (length, changed) => {
      const tokens = numbers(length);
      const others = tokens.map((token, at) => (at === changed ? token + 1 : token));
      const shared = sharedBlocks(prefixHashes(tokens, ""), prefixHashes(others, ""));
      expect(shared).toBe(Math.floor(Math.min(length, changed) / BLOCK_TOKENS));
    }),
  );
});
