// What identifies the file of a model in the audit: its size, its time, and a hash of its beginning. A hash of the whole file
// would take seconds for each gigabyte.

import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import path from "node:path";

/** The GGUF header with all metadata and names of tensors is in it, for nearly all models. */
const BEGINNING_BYTES = 2 ** 20;
/** A file is looked at again after this time. */
const CHECK_MS = 1_000;

export type ModelFingerprint = {
  readonly name: string;
  readonly bytes: number;
  readonly modified: string;
  /** SHA-256 of the first MiB, as hex. */
  readonly sha256OfFirstMiB: string;
};

type Known = { fingerprint: ModelFingerprint; mtimeMs: number; checkAtMs: number };

export class ModelFingerprints {
  /** By file. */
  readonly #known = new Map<string, Known>();

  /** Null for a file that cannot be read. */
  of(file: string): ModelFingerprint | null {
    const known = this.#known.get(file);
    if (known && performance.now() < known.checkAtMs) return known.fingerprint;
    try {
      const { size, mtimeMs } = statSync(file);
      const checkAtMs = performance.now() + CHECK_MS;
      const isSame = known?.mtimeMs === mtimeMs && known.fingerprint.bytes === size;
      const fingerprint = isSame ? known.fingerprint : fingerprintOf(file, { size, mtimeMs });
      this.#known.set(file, { fingerprint, mtimeMs, checkAtMs });
      return fingerprint;
    } catch {
      return null;
    }
  }
}

function fingerprintOf(
  file: string,
  { size, mtimeMs }: { readonly size: number; readonly mtimeMs: number },
): ModelFingerprint {
  const beginning = Buffer.alloc(Math.min(size, BEGINNING_BYTES));
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, beginning, 0, beginning.length, 0);
  } finally {
    closeSync(descriptor);
  }
  return {
    name: path.basename(file),
    bytes: size,
    modified: new Date(mtimeMs).toISOString(),
    sha256OfFirstMiB: createHash("sha256").update(beginning).digest("hex"),
  };
}
