// What keys have used: a sum for each key that there is.

import { expect, test } from "vitest";
import { ANYBODY, type Caller } from "../../../src/keys/caller.ts";
import { UsageBook } from "../../../src/keys/usage-book.ts";

const alice: Caller = { ...ANYBODY, owner: "alice", name: "alice" };
const bob: Caller = { ...ANYBODY, owner: "bob", name: "bob" };
const usage = { promptTokens: 10, cachedTokens: 4, completionTokens: 3 };

test("adds up the requests and the tokens of a key", () => {
  const book = new UsageBook(() => [alice, bob]);

  book.add(alice, usage);
  book.add(alice, usage);
  book.add(alice, null);

  expect(book.of("alice")).toEqual({
    requests: 3,
    promptTokens: 20,
    cachedTokens: 8,
    completionTokens: 6,
  });
  expect(book.all.map(({ name, requests }) => [name, requests])).toEqual([
    ["alice", 3],
    ["bob", 0],
  ]);
});

test("forgets what a key has used when there is no such key any more", () => {
  let callers = [alice, bob];
  const book = new UsageBook(() => callers);
  book.add(alice, usage);

  callers = [bob];
  expect(book.all.map(({ name }) => name)).toEqual(["bob"]);
  callers = [alice];

  expect(book.all).toEqual([expect.objectContaining({ name: "alice", requests: 0 })]);
});
