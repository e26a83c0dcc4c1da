// --cache-disk and --cache-key-file → a folder and a secret that are ready for use. Finds every fault before the server listens.

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Config } from "./config.ts";
import { ConfigError } from "./config-error.ts";

export type DiskCache = {
  /** Absolute path. */
  readonly folder: string;
  readonly maxBytes: number;
  /** Absolute path of a file with at least `SECRET_BYTES` bytes. */
  readonly keyFile: string;
};

const SECRET_BYTES = 32;
const OTHERS = 0o077;

/** Makes the folder and the key file if they are missing. Null without --cache-disk. @throws ConfigError */
export function openDiskCache({
  cacheDisk,
  cacheKeyFile,
  cacheRam,
}: Pick<Config, "cacheDisk" | "cacheKeyFile" | "cacheRam">): DiskCache | null {
  if (cacheDisk === undefined && cacheKeyFile !== undefined)
    throw new ConfigError("--cache-key-file also requires --cache-disk DIR,SIZE");
  if (cacheDisk === undefined) return null;
  if (cacheRam === 0)
    throw new ConfigError("--cache-disk requires memory for its copies: --cache-ram must not be 0");
  const folder = path.resolve(cacheDisk.folder);
  const keyFile = path.resolve(cacheKeyFile ?? path.join(folder, "key"));
  attempt("--cache-disk", () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  attempt("--cache-key-file", () => makeSecret(keyFile));
  const secret = attempt("--cache-key-file", () => readFileSync(keyFile));
  if (secret.length < SECRET_BYTES)
    throw new ConfigError(`--cache-key-file: ${keyFile} must have ${SECRET_BYTES} bytes or more`);
  if (process.platform !== "win32" && (statSync(keyFile).mode & OTHERS) !== 0)
    throw new ConfigError(
      `--cache-key-file: ${keyFile} is open to other users; restrict it with chmod 600`,
    );
  return { folder, maxBytes: cacheDisk.maxBytes, keyFile };
}

/** Leaves a file that is there as it is. */
function makeSecret(file: string): void {
  try {
    writeFileSync(file, randomBytes(SECRET_BYTES).toString("hex"), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function attempt<T>(flag: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code, path: file } = error as NodeJS.ErrnoException;
    throw new ConfigError(`${flag}: cannot use ${file}: ${code}`);
  }
}
