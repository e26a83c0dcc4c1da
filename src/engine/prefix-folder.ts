// The folders in memory for the saved KV caches of prompts, one for each loaded model. A folder outlives a worker process that
// crashes, and is removed when the model is unloaded. What a killed server left is removed by the next one.

import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A file system in memory (tmpfs) on Linux. */
export const MEMORY_FOLDER = "/dev/shm";
const PREFIX = "sluice-prefixes-";
/** Tells this process from an earlier one with the same id: in a container, each server has the same. */
const STARTED = Math.round(performance.timeOrigin);
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

/** The folders of all workers, whose content together stays within one limit. */
export class PrefixFolders {
  readonly #isGiven: boolean;
  readonly totalBytes: number;
  #usedBytes = 0;

  /**
   * @param maxBytes null for the default. Without a file system in memory the default is none, because the files would be written
   * to a disk without encryption.
   */
  constructor(maxBytes: number | null) {
    this.#isGiven = maxBytes !== null;
    const defaultBytes = Math.floor(process.availableMemory() * MEMORY_SHARE);
    this.totalBytes = maxBytes ?? (existsSync(MEMORY_FOLDER) ? defaultBytes : 0);
  }

  /** @param share of the total size that the folder may take. @returns null for none */
  make(share = 1): PrefixFolder | null {
    const leftBytes = this.totalBytes - this.#usedBytes;
    const wanted = Math.min(leftBytes, Math.floor(this.totalBytes * share));
    if (wanted <= 0) return null;
    const hasMemory = existsSync(MEMORY_FOLDER);
    if (!hasMemory && !this.#isGiven) return null;
    const parent = hasMemory ? MEMORY_FOLDER : tmpdir();
    removeLeftovers(parent);
    const { bavail, bsize } = statfsSync(parent);
    const maxRamBytes = Math.min(wanted, Math.floor(bavail * bsize * SPACE_SHARE));
    const folder = mkdtempSync(path.join(parent, `${PREFIX}${process.pid}-${STARTED}-`)); // for the owner only
    this.#usedBytes += maxRamBytes;
    const remove = () => {
      process.off("exit", remove);
      removeFolder(folder);
      this.#usedBytes -= maxRamBytes;
    };
    process.once("exit", remove);
    return { folder, maxRamBytes, remove };
  }
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Removes the folders of servers that no longer run. */
function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const [pid = 0, started] = name.slice(PREFIX.length).split("-").map(Number);
    const isLeft = pid === process.pid ? started !== STARTED : pid > 0 && !isRunning(pid);
    if (isLeft) removeFolder(path.join(parent, name));
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
