// Sums, comparisons and texts of memory.

import { expect, test } from "vitest";
import {
  addMemory,
  fitsInto,
  fitsWithLayersInRam,
  lessMemory,
  memoryText,
} from "../../../src/generation/memory-use.ts";

const memory = (ramBytes: number, vramBytes = 0) => ({ ramBytes, vramBytes });

test("adds and compares each kind of memory on its own", () => {
  expect(addMemory(memory(1, 2), memory(10, 20))).toEqual(memory(11, 22));
  expect(lessMemory(memory(1, 20), memory(10, 2))).toEqual(memory(1, 2));
});

test.each([
  [memory(5, 5), true, true],
  [memory(6, 5), false, false],
  [memory(2, 8), false, true],
  [memory(3, 8), false, false],
])("%j in 5 bytes of each kind: fits %s, with layers in RAM %s", (need, fits, fitsInRam) => {
  expect(fitsInto(need, memory(5, 5))).toBe(fits);
  expect(fitsWithLayersInRam(need, memory(5, 5))).toBe(fitsInRam);
});

test.each([
  [memory(7_500_000), "7.5 MB"],
  [memory(4_920_000_000), "4.92 GB"],
  [memory(610_000_000, 4_310_000_000), "610.0 MB of RAM and 4.31 GB of GPU memory"],
])("writes %j as %s", (use, text) => {
  expect(memoryText(use)).toBe(text);
});
