// How much each owner of a store may keep.

import fc from "fast-check";
import { expect, test } from "vitest";
import { equalShare } from "../../../src/resume/equal-share.ts";

const free = (bytes: number) => ({ bytes, fixedBytes: 0 });

test("every owner may keep everything while there is room", () => {
  expect(equalShare([free(10), free(20)], 100)).toBe(100);
  expect(equalShare([], 100)).toBe(100);
});

test("is an equal part if all owners keep more than that", () => {
  expect(equalShare([free(90), free(60), free(70)], 90)).toBeCloseTo(30);
});

test("memory that one owner leaves goes to the others", () => {
  expect(equalShare([free(10), free(100), free(100)], 100)).toBeCloseTo(45);
});

test("memory that cannot be dropped reduces the share of the others, but not below an equal part", () => {
  const running = { bytes: 50, fixedBytes: 50 };

  expect(equalShare([running, free(30), free(40)], 100)).toBeCloseTo(100 / 3);
  expect(equalShare([running, free(50), free(5)], 100)).toBeCloseTo(45);
});

test("keeps the sum below the total, and takes nothing from owners below an equal part", () => {
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
