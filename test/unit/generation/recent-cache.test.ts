import { expect, test } from "vitest";
import { RecentCache } from "../../../src/generation/recent-cache.ts";

/** Keys of one character take two bytes. */
const cacheOf = (...keys: readonly string[]) => {
  const cache = new RecentCache<string>(100);
  for (const key of keys) cache.set(key, key.toUpperCase(), 18);
  return cache;
};
const keptIn = (cache: RecentCache<string>, keys: string) =>
  [...keys].filter((key) => cache.get(key) !== undefined).join("");

test("keeps values up to its limit in bytes, and evicts the least recently used", () => {
  const cache = cacheOf("a", "b", "c", "d", "e");

  expect(cache.get("a")).toBe("A");
  cache.set("f", "F", 18);

  expect(keptIn(cache, "abcdef")).toBe("acdef");
});

test("setting a value again replaces the older one", () => {
  const cache = cacheOf("a", "b");

  cache.set("a", "new", 20);
  for (const key of "cde") cache.set(key, key, 16);

  expect(cache.get("a")).toBe("new");
  expect(keptIn(cache, "bcde")).toBe("bcde");
});

test("does not store a value that would evict most of the others", () => {
  const cache = cacheOf("a", "b");

  cache.set("large", "L", 50);

  expect(cache.get("large")).toBeUndefined();
  expect(keptIn(cache, "ab")).toBe("ab");
});
