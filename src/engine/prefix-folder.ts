// The folder in memory for the saved KV caches of prompts. It outlives the worker process, so that a crash does not lose them, and
// is removed with the server. What a killed server left is removed by the next one.

import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A file system in memory (tmpfs) on Linux. */
const MEMORY = "/dev/shm";
const PREFIX = "sluice-prefixes-";
/** Share of the available memory, without --cache-ram. */
const MEMORY_SHARE = 1 / 8;
/** Share of the file system's free space that the folder may take: a container's is often only 64 MiB. */
const SPACE_SHARE = 0.9;

export type PrefixFolder = {
  readonly folder: string;
  /** How large its content may become. */
  readonly maxRamBytes: number;
  /** Removes the folder. Happens anyway when the process exits. */
  readonly remove: () => void;
};

/**
 * @param maxBytes null for the default. Without a file system in memory the default is none, because the files would be written to
 * a disk without encryption.
 * @returns null for none
 */
export function makePrefixFolder(maxBytes: number | null): PrefixFolder | null {
  const hasMemory = existsSync(MEMORY);
  if (maxBytes === 0 || (maxBytes === null && !hasMemory)) return null;
  const parent = hasMemory ? MEMORY : tmpdir();
  removeLeftovers(parent);
  const { bavail, bsize } = statfsSync(parent);
  const space = Math.floor(bavail * bsize * SPACE_SHARE);
  const wanted = maxBytes ?? Math.floor(process.availableMemory() * MEMORY_SHARE);
  const folder = mkdtempSync(path.join(parent, `${PREFIX}${process.pid}-`)); // for the owner only
  const remove = () => {
    process.off("exit", remove);
    removeFolder(folder);
  };
  process.once("exit", remove);
  return { folder, maxRamBytes: Math.min(wanted, space), remove };
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Removes the folders of servers that no longer run. */
function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : 0;
    if (pid > 0 && !isRunning(pid)) removeFolder(path.join(parent, name));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // another user's
  }
}
