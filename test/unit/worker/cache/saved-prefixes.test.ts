import { expect, test } from "vitest";
import { type SavedPrefix, SavedPrefixes } from "../../../../src/worker/cache/saved-prefixes.ts";

function prefix(id: string, hashes: string, bytes = 10): SavedPrefix {
  return { id, hashes: [...hashes], tokens: 64 * hashes.length, bytes };
}

function index(...prefixes: SavedPrefix[]): SavedPrefixes {
  const saved = new SavedPrefixes();
  for (const each of prefixes) saved.add(each);
  return saved;
}

const ANY = { isWhole: false };
const WHOLE = { isWhole: true };

test("finds the prefix that holds the most blocks of a prompt, also within a longer one", () => {
  const saved = index(prefix("short", "ab"), prefix("long", "abcde"));

  expect(saved.longest([..."abcx"], ANY)).toMatchObject({ prefix: { id: "long" }, blocks: 3 });
  expect(saved.longest([..."xyz"], ANY)).toBeNull();
});

test("finds only prefixes that the prompt contains completely for a model that cannot go back", () => {
  const saved = index(prefix("short", "ab"), prefix("long", "abcde"));

  expect(saved.longest([..."abcx"], WHOLE)).toMatchObject({ prefix: { id: "short" }, blocks: 2 });
  expect(saved.longest([..."ax"], WHOLE)).toBeNull();
});

test("knows whether it holds all blocks", () => {
  const saved = index(prefix("one", "abc"));

  expect([saved.holds([..."ab"]), saved.holds([..."abcd"]), saved.holds([])]).toEqual([
    true,
    false,
    true,
  ]);
});

test("names the prefixes that another one contains", () => {
  const saved = index(prefix("turn 1", "ab"), prefix("other", "ax"), prefix("turn 2", "abc"));

  expect(saved.within(prefix("turn 2", "abc"))).toEqual(["turn 1"]);
});

test("gives up the least recently used ones first", () => {
  const saved = index(prefix("one", "a"), prefix("two", "b"), prefix("three", "c"));
  saved.touch("one");

  expect(saved.beyond(30)).toEqual([]);
  expect(saved.beyond(15)).toEqual(["two", "three"]);
});

test("forgets a removed prefix, and counts its bytes no longer", () => {
  const saved = index(prefix("one", "ab"), prefix("two", "ab", 5));
  saved.remove("two");
  saved.remove("unknown");

  expect(saved.bytes).toBe(10);
  expect(saved.longest([..."ab"], ANY)?.prefix.id).toBe("one");
  saved.remove("one");
  expect(saved.holds(["a"])).toBe(false);
});
