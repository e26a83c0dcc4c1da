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

test("keeps values up to its bytes; the one that was not used for the longest time makes room", () => {
  const cache = cacheOf("a", "b", "c", "d", "e");

  expect(cache.get("a")).toBe("A");
  cache.set("f", "F", 18);

  expect(keptIn(cache, "abcdef")).toBe("acdef");
});

test("a value that is set again takes the place of the older one", () => {
  const cache = cacheOf("a", "b");

  cache.set("a", "new", 20);
  for (const key of "cde") cache.set(key, key, 16);

  expect(cache.get("a")).toBe("new");
  expect(keptIn(cache, "bcde")).toBe("bcde");
});

test("does not keep what would drive out most of the others", () => {
  const cache = cacheOf("a", "b");

  cache.set("large", "L", 50);

  expect(cache.get("large")).toBeUndefined();
  expect(keptIn(cache, "ab")).toBe("ab");
});
