// Tokens per minute: spent, coming back evenly, owed.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Accounts, EVERYBODY, type Sharer } from "../../../src/queue/accounts.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function key(tokensPerMinute: number | null, owner = "a"): Sharer {
  return { owner, limits: { ...EVERYBODY.limits, tokensPerMinute } };
}

test("has all of its tokens in the beginning", () => {
  expect(new Accounts().stateOf(key(6_000))).toEqual({
    ...{ limit: 6_000, remaining: 6_000, resetMs: 0, retryMs: 0 },
  });
});

test("knows nothing of keys without a limit", () => {
  const accounts = new Accounts();

  accounts.spend("a", 1_000);

  expect(accounts.stateOf(key(null))).toBeNull();
});

test("gets back evenly what it has spent", () => {
  const accounts = new Accounts();
  accounts.stateOf(key(6_000));

  accounts.spend("a", 3_000);
  expect(accounts.stateOf(key(6_000))).toMatchObject({ remaining: 3_000, resetMs: 30_000 });
  vi.advanceTimersByTime(10_000);

  expect(accounts.stateOf(key(6_000))).toMatchObject({ remaining: 4_000, resetMs: 20_000 });
  vi.advanceTimersByTime(60_000);
  expect(accounts.stateOf(key(6_000))).toMatchObject({ remaining: 6_000, resetMs: 0 });
});

test("owes what it has spent beyond its limit, and says when a token is there again", () => {
  const accounts = new Accounts();
  accounts.stateOf(key(6_000));

  accounts.spend("a", 6_099);
  const { remaining, retryMs = 0 } = accounts.stateOf(key(6_000)) ?? {};
  expect([remaining, retryMs]).toEqual([0, 1_000]);

  vi.advanceTimersByTime(retryMs - 1);
  expect(accounts.stateOf(key(6_000))?.retryMs).toBeGreaterThan(0);
  vi.advanceTimersByTime(1);
  expect(accounts.stateOf(key(6_000))).toMatchObject({ remaining: 1, retryMs: 0 });
});

test("gives back what was charged too much, and never more than there was", () => {
  const accounts = new Accounts();
  accounts.stateOf(key(100));
  accounts.spend("a", 50);

  accounts.spend("a", -20);
  expect(accounts.stateOf(key(100))?.remaining).toBe(70);
  accounts.spend("a", -1_000);

  expect(accounts.stateOf(key(100))?.remaining).toBe(100);
});

test("goes on with what was spent when the limit changes", () => {
  const accounts = new Accounts();
  accounts.stateOf(key(100));
  accounts.spend("a", 80);

  expect(accounts.stateOf(key(200))).toMatchObject({ limit: 200, remaining: 120 });
  expect(accounts.stateOf(key(50))).toMatchObject({ limit: 50, remaining: 0 });
});

test("keeps the tokens of each key apart", () => {
  const accounts = new Accounts();
  for (const owner of ["a", "b"]) accounts.stateOf(key(100, owner));

  accounts.spend("a", 60);

  expect(accounts.stateOf(key(100, "a"))?.remaining).toBe(40);
  expect(accounts.stateOf(key(100, "b"))?.remaining).toBe(100);
});
