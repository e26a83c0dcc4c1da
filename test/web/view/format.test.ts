// Numbers as the page shows them.

import { expect, test } from "vitest";
import { bytes, timeLeft } from "../../../src/web/view/format.ts";

test.each([
  [0, "0 KB"],
  [1, "1 KB"],
  [999_001, "1 MB"],
  [7_637_792, "8 MB"],
  [999_400_000, "999 MB"],
  [999_600_000, "1.0 GB"],
  [42_480_000_000, "42.5 GB"],
])("%i bytes are %s", (value, text) => {
  expect(bytes(value)).toBe(text);
});

test.each([
  [0, "about 1 s left"],
  [59_400, "about 59 s left"],
  [59_600, "about 1 min left"],
  [3_599_000, "about 1 h 0 min left"],
  [7_800_000, "about 2 h 10 min left"],
])("%i ms are %s", (ms, text) => {
  expect(timeLeft(ms)).toBe(text);
});
