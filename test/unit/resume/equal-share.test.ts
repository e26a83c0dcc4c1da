// How much each owner of a store may keep.

import fc from "fast-check";
import { expect, test } from "vitest";
import { equalShare } from "../../../src/resume/equal-share.ts";

const free = (bytes: number) => ({ bytes, fixedBytes: 0 });

test("everybody may have all while there is room", () => {
  expect(equalShare([free(10), free(20)], 100)).toBe(100);
  expect(equalShare([], 100)).toBe(100);
});

test("is an equal part where all have more than that", () => {
  expect(equalShare([free(90), free(60), free(70)], 90)).toBeCloseTo(30);
});

test("what one leaves over is for the others", () => {
  expect(equalShare([free(10), free(100), free(100)], 100)).toBeCloseTo(45);
});

test("what cannot go is taken from the others, but not below an equal part", () => {
  const running = { bytes: 50, fixedBytes: 50 };

  expect(equalShare([running, free(30), free(40)], 100)).toBeCloseTo(100 / 3);
  expect(equalShare([running, free(50), free(5)], 100)).toBeCloseTo(45);
});

test("brings all together below the total, and spares every owner below an equal part", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(1_000).map(free), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 10_000 }),
      (holdings, total) => {
        const share = equalShare(holdings, total);
        const kept = holdings.reduce((sum, { bytes }) => sum + Math.min(bytes, share), 0);

        expect(kept).toBeLessThanOrEqual(total + 1e-6);
        expect(share).toBeGreaterThanOrEqual(Math.min(total, total / holdings.length) - 1e-6);
      },
    ),
  );
});
