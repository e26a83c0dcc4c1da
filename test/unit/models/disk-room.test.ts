// How much of a disk stays free.

import { expect, test } from "vitest";
import { diskRoom, reserveOf } from "../../../src/models/disk-room.ts";

test("keeps 1 GiB free, or 5 % of a disk smaller than 20 GiB", () => {
  expect(reserveOf(2 ** 40)).toBe(2 ** 30);
  expect(reserveOf(10 * 2 ** 30)).toBe(2 ** 29);
});

test("asks the disk of a folder", () => {
  const { freeBytes, reserveBytes } = diskRoom(import.meta.dirname);

  expect(freeBytes).toBeGreaterThan(0);
  expect(reserveBytes).toBeGreaterThan(0);
});
