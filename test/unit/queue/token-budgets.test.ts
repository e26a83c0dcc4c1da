// Tokens per minute: spent, refilled evenly, overdrawn.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LimitedCaller } from "../../../src/generation/caller.ts";
import { NO_LIMITS } from "../../../src/keys/caller.ts";
import { TokenBudgets } from "../../../src/queue/token-budgets.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function key(tokensPerMinute: number | null, owner = "a"): LimitedCaller {
  return { owner, limits: { ...NO_LIMITS, tokensPerMinute } };
}

test("has all its tokens at the start", () => {
  const state = new TokenBudgets().stateOf(key(6_000));

  expect(state).toEqual({ limit: 6_000, remaining: 6_000, resetMs: 0, retryMs: 0 });
});

test("keeps no budget for keys without a limit", () => {
  const tokenBudgets = new TokenBudgets();

  tokenBudgets.spend("a", 1_000);

  expect(tokenBudgets.stateOf(key(null))).toBeNull();
});

test("refills evenly", () => {
  const tokenBudgets = new TokenBudgets();
  tokenBudgets.stateOf(key(6_000));

  tokenBudgets.spend("a", 3_000);
  expect(tokenBudgets.stateOf(key(6_000))).toMatchObject({ remaining: 3_000, resetMs: 30_000 });
  vi.advanceTimersByTime(10_000);

  expect(tokenBudgets.stateOf(key(6_000))).toMatchObject({ remaining: 4_000, resetMs: 20_000 });
  vi.advanceTimersByTime(60_000);
  expect(tokenBudgets.stateOf(key(6_000))).toMatchObject({ remaining: 6_000, resetMs: 0 });
});

test("keeps an overdraft, and reports when the next token is available", () => {
  const tokenBudgets = new TokenBudgets();
  tokenBudgets.stateOf(key(6_000));

  tokenBudgets.spend("a", 6_099);
  const { remaining, retryMs = 0 } = tokenBudgets.stateOf(key(6_000)) ?? {};
  expect([remaining, retryMs]).toEqual([0, 1_000]);

  vi.advanceTimersByTime(retryMs - 1);
  expect(tokenBudgets.stateOf(key(6_000))?.retryMs).toBeGreaterThan(0);
  vi.advanceTimersByTime(1);
  expect(tokenBudgets.stateOf(key(6_000))).toMatchObject({ remaining: 1, retryMs: 0 });
});

test("returns tokens charged too much, but never exceeds the limit", () => {
  const tokenBudgets = new TokenBudgets();
  tokenBudgets.stateOf(key(100));
  tokenBudgets.spend("a", 50);

  tokenBudgets.spend("a", -20);
  expect(tokenBudgets.stateOf(key(100))?.remaining).toBe(70);
  tokenBudgets.spend("a", -1_000);

  expect(tokenBudgets.stateOf(key(100))?.remaining).toBe(100);
});

test("keeps the tokens spent when the limit changes", () => {
  const tokenBudgets = new TokenBudgets();
  tokenBudgets.stateOf(key(100));
  tokenBudgets.spend("a", 80);

  expect(tokenBudgets.stateOf(key(200))).toMatchObject({ limit: 200, remaining: 120 });
  expect(tokenBudgets.stateOf(key(50))).toMatchObject({ limit: 50, remaining: 0 });
});

test("keeps a separate budget for each key", () => {
  const tokenBudgets = new TokenBudgets();
  for (const owner of ["a", "b"]) tokenBudgets.stateOf(key(100, owner));

  tokenBudgets.spend("a", 60);

  expect(tokenBudgets.stateOf(key(100, "a"))?.remaining).toBe(40);
  expect(tokenBudgets.stateOf(key(100, "b"))?.remaining).toBe(100);
});
