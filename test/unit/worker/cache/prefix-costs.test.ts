import { expect, test } from "vitest";
import { PrefixCosts } from "../../../../src/worker/cache/prefix-costs.ts";
import type { FoundPrefix } from "../../../../src/worker/cache/saved-tiers.ts";

/** Reading a token takes `readMs`, and saving or loading one takes `moveMs`. */
function costs(readMs: number, moveMs: number): PrefixCosts {
  const measured = new PrefixCosts(1_000);
  for (let time = 0; time < 50; time++) {
    measured.hasRead(1_000, readMs * 1_000);
    measured.hasSaved({ tokens: 1_000, bytes: 1_000_000, ms: moveMs * 1_000 });
    measured.hasLoaded(found(1_000), moveMs * 1_000);
  }
  return measured;
}

function found(tokens: number): FoundPrefix {
  const hashes = Array.from({ length: Math.floor(tokens / 64) }, String);
  const prefix = { id: "p", hashes, tokens, bytes: tokens * 1_000 };
  return { prefix, blocks: hashes.length, tier: "ram" };
}

test("what is read again faster than it is saved is not saved", () => {
  const all = { tokens: 6_000, unsaved: 6_000 };

  expect(costs(1, 0.1).isWorthSaving(all)).toBe(true);
  expect(costs(1, 0.9).isWorthSaving(all)).toBe(false);
});

test("saving a long conversation again must be worth its new tokens", () => {
  const measured = costs(1, 0.01);

  expect(measured.isWorthSaving({ tokens: 6_000, unsaved: 300 })).toBe(true);
  expect(measured.isWorthSaving({ tokens: 60_000, unsaved: 300 })).toBe(false);
});

test("a prefix that takes only moments to read is not saved", () => {
  expect(costs(0.01, 0).isWorthSaving({ tokens: 1_000, unsaved: 1_000 })).toBe(false);
});

test("a prefix is loaded only if that is faster than reading its part of the prompt", () => {
  const whole = found(6_400);

  expect(costs(1, 0.1).isWorthLoading(whole)).toBe(true);
  expect(costs(1, 0.1).isWorthLoading({ ...whole, blocks: 5 })).toBe(false); // all of it must be loaded
  expect(costs(1, 0.1).isWorthLoading({ ...whole, tier: "disk" })).toBe(true); // not measured yet
});

test("short readings say nothing about the cost of a token", () => {
  const measured = new PrefixCosts(1_000);
  measured.hasRead(3, 3_000);

  expect(measured.isWorthSaving({ tokens: 19, unsaved: 19 })).toBe(false);
});
