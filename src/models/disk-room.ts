// How much of a disk a download may fill: a full disk breaks more than the download.

import { statfsSync } from "node:fs";

const MAX_RESERVE_BYTES = 2 ** 30;
const RESERVE_SHARE = 0.05;

export type DiskRoom = {
  readonly freeBytes: number;
  /** Must stay free. */
  readonly reserveBytes: number;
};

/** @param dir an existing folder on the disk */
export function diskRoom(dir: string): DiskRoom {
  const { bavail, blocks, bsize } = statfsSync(dir);
  return { freeBytes: bavail * bsize, reserveBytes: reserveOf(blocks * bsize) };
}

/** 1 GiB, or 5 % of a small disk. */
export function reserveOf(diskBytes: number): number {
  return Math.min(MAX_RESERVE_BYTES, Math.floor(diskBytes * RESERVE_SHARE));
}
