// How much of a disk a download may fill: a full disk breaks more than the download.

import { statfsSync } from "node:fs";

const MAX_RESERVE_BYTES = 2 ** 30;
const RESERVE_SHARE = 0.05;
/** While a download runs, the disk is asked again after this many bytes, and on a small disk after this share of the reserve. */
const LOOK_STEP_BYTES = 64 * 2 ** 20;
const LOOK_STEP_SHARE = 0.25;

export type DiskRoom = {
  /** Size of the disk. */
  readonly diskBytes: number;
  readonly freeBytes: number;
  /** Must stay free. */
  readonly reserveBytes: number;
};

/** @param dir an existing folder on the disk */
export function diskRoom(dir: string): DiskRoom {
  const { bavail, blocks, bsize } = statfsSync(dir);
  const diskBytes = blocks * bsize;
  return { diskBytes, freeBytes: bavail * bsize, reserveBytes: reserveOf(diskBytes) };
}

/** 1 GiB, or 5 % of a small disk. */
export function reserveOf(diskBytes: number): number {
  return Math.min(MAX_RESERVE_BYTES, Math.floor(diskBytes * RESERVE_SHARE));
}

/** Notices while a download runs that the reserve is used: its size may be unknown, and others write to the disk too. */
export class RoomWatch {
  readonly #room: () => DiskRoom;
  #start: { readonly bytes: number; readonly freeBytes: number } | null = null;
  #nextLookBytes = 0;

  /** @param room of the disk as it is now */
  constructor(room: () => DiskRoom) {
    this.#room = room;
  }

  /** @param bytes that have arrived so far. @returns the room if it is too small */
  shortageAt(bytes: number): DiskRoom | null {
    if (bytes < this.#nextLookBytes) return null;
    const room = this.#room();
    const step = Math.min(LOOK_STEP_BYTES, room.reserveBytes * LOOK_STEP_SHARE);
    this.#nextLookBytes = bytes + step;
    this.#start ??= { bytes, freeBytes: room.freeBytes };
    // The disk does not count yet what has arrived and is not written.
    const afterWrites = this.#start.freeBytes - (bytes - this.#start.bytes);
    const freeBytes = Math.max(0, Math.min(room.freeBytes, afterWrites));
    return freeBytes < room.reserveBytes ? { ...room, freeBytes } : null;
  }
}
