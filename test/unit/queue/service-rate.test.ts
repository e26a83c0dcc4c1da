// The measured time per slot, from which waits are estimated.

import { expect, test } from "vitest";
import { ServiceRate } from "../../../src/queue/service-rate.ts";

function measured(...heldMs: number[]): ServiceRate {
  const rate = new ServiceRate();
  for (const ms of heldMs) rate.observe(ms);
  return rate;
}

test("estimates nothing before the first measurement", () => {
  expect(measured().waitMs(1, 4)).toBeNull();
});

test("uses the first measurement unchanged", () => {
  expect(measured(1000).waitMs(1, 1)).toBe(1000);
});

test("expects a longer wait further back, and a shorter one with more slots", () => {
  const rate = measured(1000);

  expect(rate.waitMs(3, 1)).toBe(3000);
  expect(rate.waitMs(3, 4)).toBe(750);
});

test("gives the newest measurement a fifth of the weight", () => {
  expect(measured(1000, 2000).waitMs(1, 1)).toBe(1200);
  expect(measured(1000, 2000, 200).waitMs(1, 1)).toBe(1000);
});

test("estimates whole milliseconds", () => {
  expect(measured(100).waitMs(1, 3)).toBe(33);
});

test("expects running requests to take at least as long as they have so far", () => {
  const rate = new ServiceRate();
  rate.observe(100);

  expect(rate.waitMs(1, 1, 5_000)).toBe(5_000);
  expect(rate.waitMs(2, 4, 50)).toBe(50);
});
