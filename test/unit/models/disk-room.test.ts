// How much of a disk stays free.

import { expect, test } from "vitest";
import { diskRoom, RoomWatch, reserveOf } from "../../../src/models/disk-room.ts";

test("keeps 1 GiB free, or 5 % of a disk smaller than 20 GiB", () => {
  expect(reserveOf(2 ** 40)).toBe(2 ** 30);
  expect(reserveOf(10 * 2 ** 30)).toBe(2 ** 29);
});

test("asks the disk of a folder", () => {
  const { diskBytes, freeBytes, reserveBytes } = diskRoom(import.meta.dirname);

  expect(freeBytes).toBeGreaterThan(0);
  expect(diskBytes).toBeGreaterThanOrEqual(freeBytes);
  expect(reserveBytes).toBeGreaterThan(0);
});

const [MIB, GIB] = [2 ** 20, 2 ** 30];

/** A disk of the given size with a reserve of 1 GiB or 5 %, whose free bytes the test sets. */
function watchedDisk(diskBytes: number, freeBytes: number) {
  const disk = { freeBytes, looks: 0 };
  const watch = new RoomWatch(() => {
    disk.looks++;
    return { diskBytes, freeBytes: disk.freeBytes, reserveBytes: reserveOf(diskBytes) };
  });
  return { disk, watch };
}

test("while bytes arrive, the disk is asked every 64 MiB whether the reserve is free", () => {
  const { disk, watch } = watchedDisk(100 * GIB, 50 * GIB);

  for (const mib of [0, 63, 64, 127]) expect(watch.shortageAt(mib * MIB)).toBeNull();
  expect(disk.looks).toBe(2);
  disk.freeBytes = GIB - 1;
  expect(watch.shortageAt(127 * MIB)).toBeNull();
  expect(watch.shortageAt(128 * MIB)).toMatchObject({ freeBytes: GIB - 1 });
});

test("bytes that have arrived and are not written yet are not free, and a small disk is asked more often", () => {
  const { watch } = watchedDisk(300 * MIB, 200 * MIB);
  const stopsAt = Array.from({ length: 300 }, (_, mib) => mib).find((mib) =>
    watch.shortageAt(mib * MIB),
  );

  expect(stopsAt).toBe(188); // a reserve of 15 MiB, and a look every 4 MiB
});
