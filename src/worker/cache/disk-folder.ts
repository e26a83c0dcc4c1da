// The folder of the disk tier: stores, finds and removes encrypted prefixes, and keeps their total size within its limit. Several
// models, and servers one after the other, may share a folder. Runs in disk-main.ts.

import { createHash } from "node:crypto";
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import type { PrefixStorage } from "../../engine/messages.ts";
import {
  DIGESTS_FILE,
  PREFIX_EXTENSION,
  UNFINISHED_EXTENSION,
} from "../../generation/disk-cache-files.ts";
import { DamagedFileError, decryptFile, encryptFile, readHeader } from "./disk-files.ts";
import type { SavedPrefix } from "./saved-prefixes.ts";

const READ_BYTES = 2 ** 22;
const OWNER_ONLY = 0o600;

export type DiskFolderOptions = NonNullable<PrefixStorage["disk"]>;

/** What the disk tier has for one model, and how many files were removed because they could not be read. */
export type DiskScan = { readonly prefixes: readonly SavedPrefix[]; readonly damaged: number };

export class DiskFolder {
  readonly #options: DiskFolderOptions;
  readonly #key: Buffer;

  /** @throws Error if the key file cannot be read */
  constructor(options: DiskFolderOptions) {
    this.#options = options;
    this.#key = createHash("sha256").update(readFileSync(options.keyFile)).digest();
  }

  /** SHA-256 of a model file, remembered as long as the file does not change. */
  modelDigest(modelPath: string): string {
    const { size, mtimeMs, ino } = statSync(modelPath);
    const known = this.#digests();
    const name = [modelPath, size, mtimeMs, ino].join(" ");
    const digest = known[name] ?? digestOf(modelPath);
    const file = path.join(this.#options.folder, DIGESTS_FILE);
    if (!known[name])
      writeFileSync(file, JSON.stringify({ ...known, [name]: digest }), { mode: OWNER_ONLY });
    return digest;
  }

  /** The prefixes of one model, the least recently used first. Removes files that are damaged or have another key. */
  scan(modelKey: string): DiskScan {
    const prefixes: SavedPrefix[] = [];
    let damaged = 0;
    for (const { id, size } of this.#files()) {
      try {
        const header = readHeader(this.#file(id), this.#key);
        if (header.modelKey !== modelKey) continue;
        prefixes.push({ id, hashes: header.hashes, tokens: header.tokens, bytes: size });
      } catch (error) {
        if (!(error instanceof DamagedFileError)) throw error;
        this.remove(id);
        damaged += 1;
      }
    }
    return { prefixes, damaged };
  }

  /**
   * Encrypts a state file into the folder, after removing the least recently used prefixes to make room for it.
   * @returns its size, or null if it is larger than the folder may be; and the removed prefixes
   */
  store(from: string, prefix: SavedPrefix, modelKey: string) {
    const { hashes, tokens, bytes: stateBytes, id } = prefix;
    const removed: string[] = [];
    const { maxBytes } = this.#options;
    if (stateBytes > maxBytes) return { bytes: null, removed };
    const files = this.#files();
    let total = files.reduce((sum, { size }) => sum + size, 0);
    for (const file of files) {
      if (total + roomFor(stateBytes) <= maxBytes) break;
      this.remove(file.id);
      removed.push(file.id);
      total -= file.size;
    }
    encryptFile(from, this.#file(id), { modelKey, hashes, tokens, stateBytes }, this.#key);
    return { bytes: statSync(this.#file(id)).size, removed };
  }

  /** Decrypts a prefix to a file, and marks it as used. @throws DamagedFileError, after removing it */
  fetch(id: string, to: string): void {
    try {
      decryptFile(this.#file(id), to, this.#key);
    } catch (error) {
      if (error instanceof DamagedFileError) this.remove(id);
      throw error;
    }
    const now = new Date();
    utimesSync(this.#file(id), now, now);
  }

  remove(id: string): void {
    rmSync(this.#file(id), { force: true });
  }

  #file(id: string): string {
    return path.join(this.#options.folder, id + PREFIX_EXTENSION);
  }

  /** All prefixes of all models, the least recently used first. Also removes what an interrupted server left. */
  #files() {
    const { folder } = this.#options;
    const names = readdirSync(folder);
    for (const name of names)
      if (name.endsWith(UNFINISHED_EXTENSION)) rmSync(path.join(folder, name), { force: true });
    return names
      .filter((name) => name.endsWith(PREFIX_EXTENSION))
      .flatMap((name) => {
        const stats = statSync(path.join(folder, name), { throwIfNoEntry: false });
        if (!stats) return [];
        return [
          { id: path.basename(name, PREFIX_EXTENSION), size: stats.size, mtimeMs: stats.mtimeMs },
        ];
      })
      .sort((a, b) => a.mtimeMs - b.mtimeMs);
  }

  #digests(): Readonly<Record<string, string>> {
    try {
      return JSON.parse(readFileSync(path.join(this.#options.folder, DIGESTS_FILE), "utf8"));
    } catch {
      return {}; // not there yet, or cut off: the digests are computed again
    }
  }
}

/** Upper estimate of the size of an encrypted state. */
function roomFor(stateBytes: number): number {
  return Math.ceil(stateBytes * 1.001) + 2 ** 16;
}

function digestOf(file: string): string {
  const digest = createHash("sha256");
  const chunk = Buffer.alloc(READ_BYTES);
  const input = openSync(file, "r");
  try {
    for (let read = -1; read !== 0; ) {
      read = readSync(input, chunk);
      digest.update(chunk.subarray(0, read));
    }
  } finally {
    closeSync(input);
  }
  return digest.digest("hex");
}
