// Usage of keys, summed up for each current key.

import { expect, test } from "vitest";
import { ANONYMOUS, type Caller } from "../../../../src/keys/caller.ts";
import { DailyUsage } from "../../../../src/keys/usage/daily-usage.ts";
import { UsageBook } from "../../../../src/keys/usage/usage-book.ts";

const alice: Caller = { ...ANONYMOUS, owner: "alice", name: "alice" };
const bob: Caller = { ...ANONYMOUS, owner: "bob", name: "bob" };
const usage = { promptTokens: 10, cachedTokens: 4, completionTokens: 3 };

test("adds up the requests and tokens of a key", () => {
  const book = new UsageBook(() => [alice, bob], new DailyUsage({ keepDays: 400 }));

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

test("forgets the usage of a removed key", () => {
  let callers = [alice, bob];
  const book = new UsageBook(() => callers, new DailyUsage({ keepDays: 400 }));
  book.add(alice, usage);

  callers = [bob];
  expect(book.all.map(({ name }) => name)).toEqual(["bob"]);
  callers = [alice];

  expect(book.all).toEqual([expect.objectContaining({ name: "alice", requests: 0 })]);
});
