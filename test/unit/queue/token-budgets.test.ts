// Tokens per minute: spent, refilled evenly, overdrawn.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { LimitedCaller } from "../../../src/generation/caller.ts";
import { NO_LIMITS } from "../../../src/keys/caller.ts";
import { DailyUsage } from "../../../src/keys/usage/daily-usage.ts";
import { TokenBudgets } from "../../../src/queue/token-budgets.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function newBudgets(now?: () => number): TokenBudgets {
  return new TokenBudgets(new DailyUsage({ keepDays: 400, ...(now ? { now } : {}) }));
}

function key(tokensPerMinute: number | null, owner = "a"): LimitedCaller {
  return { owner, limits: { ...NO_LIMITS, tokensPerMinute } };
}

test("has all its tokens at the start", () => {
  const state = newBudgets().stateOf(key(6_000));

  expect(state).toEqual({ limit: 6_000, remaining: 6_000, resetMs: 0, retryMs: 0 });
});

test("keeps no budget for keys without a limit", () => {
  const tokenBudgets = newBudgets();

  tokenBudgets.spend({ owner: "a" }, 1_000);

  expect(tokenBudgets.stateOf(key(null))).toBeNull();
});

test("refills evenly", () => {
  const tokenBudgets = newBudgets();
  tokenBudgets.stateOf(key(6_000));

  tokenBudgets.spend({ owner: "a" }, 3_000);
  expect(tokenBudgets.stateOf(key(6_000))).toMatchObject({ remaining: 3_000, resetMs: 30_000 });
  vi.advanceTimersByTime(10_000);

  expect(tokenBudgets.stateOf(key(6_000))).toMatchObject({ remaining: 4_000, resetMs: 20_000 });
  vi.advanceTimersByTime(60_000);
  expect(tokenBudgets.stateOf(key(6_000))).toMatchObject({ remaining: 6_000, resetMs: 0 });
});

test("keeps an overdraft, and reports when the next token is available", () => {
  const tokenBudgets = newBudgets();
  tokenBudgets.stateOf(key(6_000));

  tokenBudgets.spend({ owner: "a" }, 6_099);
  const { remaining, retryMs = 0 } = tokenBudgets.stateOf(key(6_000)) ?? {};
  expect([remaining, retryMs]).toEqual([0, 1_000]);

  vi.advanceTimersByTime(retryMs - 1);
  expect(tokenBudgets.stateOf(key(6_000))?.retryMs).toBeGreaterThan(0);
  vi.advanceTimersByTime(1);
  expect(tokenBudgets.stateOf(key(6_000))).toMatchObject({ remaining: 1, retryMs: 0 });
});

test("returns tokens charged too much, but never exceeds the limit", () => {
  const tokenBudgets = newBudgets();
  tokenBudgets.stateOf(key(100));
  tokenBudgets.spend({ owner: "a" }, 50);

  tokenBudgets.spend({ owner: "a" }, -20);
  expect(tokenBudgets.stateOf(key(100))?.remaining).toBe(70);
  tokenBudgets.spend({ owner: "a" }, -1_000);

  expect(tokenBudgets.stateOf(key(100))?.remaining).toBe(100);
});

test("keeps the tokens spent when the limit changes", () => {
  const tokenBudgets = newBudgets();
  tokenBudgets.stateOf(key(100));
  tokenBudgets.spend({ owner: "a" }, 80);

  expect(tokenBudgets.stateOf(key(200))).toMatchObject({ limit: 200, remaining: 120 });
  expect(tokenBudgets.stateOf(key(50))).toMatchObject({ limit: 50, remaining: 0 });
});

test("keeps a separate budget for each key", () => {
  const tokenBudgets = newBudgets();
  for (const owner of ["a", "b"]) tokenBudgets.stateOf(key(100, owner));

  tokenBudgets.spend({ owner: "a" }, 60);

  expect(tokenBudgets.stateOf(key(100, "a"))?.remaining).toBe(40);
  expect(tokenBudgets.stateOf(key(100, "b"))?.remaining).toBe(100);
});

describe("tokens per day and month", () => {
  const NEW_YEARS_EVE = Date.parse("2027-12-31T22:00:00Z");
  const HOUR_MS = 3_600_000;
  let nowMs = NEW_YEARS_EVE;
  const caller = { owner: "a", limits: { ...NO_LIMITS, tokensPerDay: 100, tokensPerMonth: 1_000 } };
  beforeEach(() => {
    nowMs = NEW_YEARS_EVE;
  });

  test("are used up when they are spent, and back at midnight in UTC", () => {
    const budgets = newBudgets(() => nowMs);
    budgets.spend({ owner: "a" }, 99);
    expect(budgets.usedUp(caller)).toBeNull();

    budgets.spend({ owner: "a" }, 51);
    expect(budgets.usedUp(caller)).toEqual({
      period: "day",
      limit: 100,
      retryMs: 2 * HOUR_MS,
      subject: "this key",
    });
    expect(budgets.usedUp({ ...caller, owner: "b" })).toBeNull();
    expect(budgets.usedUp({ ...caller, limits: NO_LIMITS })).toBeNull();

    nowMs += 2 * HOUR_MS;
    expect(budgets.usedUp(caller)).toBeNull();
  });

  test("of a month add up over its days, and end with it", () => {
    nowMs = Date.parse("2027-11-30T12:00:00Z");
    const budgets = newBudgets(() => nowMs);
    budgets.spend({ owner: "a" }, 5_000); // the month before
    nowMs = Date.parse("2027-12-01T00:00:00Z");
    budgets.spend({ owner: "a" }, 500);
    expect(budgets.usedUp(caller)?.period).toBe("day");
    nowMs = NEW_YEARS_EVE;
    budgets.spend({ owner: "a" }, 500);

    expect(budgets.usedUp(caller)).toEqual({
      period: "month",
      limit: 1_000,
      retryMs: 2 * HOUR_MS,
      subject: "this key",
    });
    nowMs += 2 * HOUR_MS;
    expect(budgets.usedUp(caller)).toBeNull();
  });

  test("get back what was charged too much", () => {
    const budgets = newBudgets(() => nowMs);
    budgets.spend({ owner: "a" }, 120);
    budgets.spend({ owner: "a" }, -30);

    expect(budgets.usedUp(caller)).toBeNull();
  });

  test("of a group are those of all its keys, beside each key's own", () => {
    const budgets = newBudgets(() => nowMs);
    const group = { owner: "group:lab", name: "lab", limits: { ...NO_LIMITS, tokensPerDay: 150 } };
    const [one, two] = ["a", "b"].map((owner) => ({ ...caller, owner, group }));
    if (!one || !two) throw new Error("there are two");
    budgets.spend(one, 90);
    budgets.spend(two, 70);

    expect(budgets.usedUp(one)).toMatchObject({ limit: 150, subject: "the group lab of this key" });
    expect(budgets.usedUp({ ...two, group: null })).toBeNull();
    budgets.spend(one, 10);
    expect(budgets.usedUp(one)).toMatchObject({ limit: 100, subject: "this key" });
  });

  test("of a group per minute refill for all its keys", () => {
    const budgets = newBudgets();
    const group = {
      owner: "group:lab",
      name: "lab",
      limits: { ...NO_LIMITS, tokensPerMinute: 60 },
    };
    const member = { owner: "a", limits: NO_LIMITS, group };
    expect(budgets.usedUp(member)).toBeNull();
    budgets.spend(member, 61);

    expect(budgets.usedUp({ ...member, owner: "b" })).toMatchObject({
      period: "minute",
      limit: 60,
    });
    vi.advanceTimersByTime(2_000);
    expect(budgets.usedUp(member)).toBeNull();
  });
});
