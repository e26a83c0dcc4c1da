// All keys the server accepts: those of the settings, of a file of plain keys and of the keys file. The files are reloaded when they
// change.

import { timingSafeEqual } from "node:crypto";
import { unwatchFile, watchFile } from "node:fs";
import { ServiceError, stackOf } from "../errors.ts";
import type { CallerGroup } from "../generation/caller.ts";
import { ANONYMOUS, type Caller, groupOwner } from "./caller.ts";
import { hashOf } from "./key-hash.ts";
import {
  callerOf,
  type GroupEntry,
  isTemporary,
  KeysFileError,
  NO_KEYS,
  readKeysFile,
} from "./keys-file.ts";
import { readPlainKeys } from "./plain-keys-file.ts";

export type KeyRingOptions = {
  /** Keys with all scopes and no limits, named `key-1`, `key-2`, ... */
  readonly plainKeys: readonly string[];
  /** A file with further such keys; null for none. */
  readonly plainFile: string | null;
  /** The keys file; null for none. */
  readonly file: string | null;
  /** How often to check the files for changes. */
  readonly pollMs: number;
  /** Default: `readKeysFile()`. */
  readonly readFile?: typeof readKeysFile;
  /** Milliseconds since 1970; another clock for tests. */
  readonly now?: () => number;
  readonly log: (level: "info" | "error", message: string) => void;
};

type KnownKey = { readonly digest: Buffer; readonly caller: Caller };

export class KeyRing {
  #options: KeyRingOptions;
  #known: readonly KnownKey[] = [];
  #groups: readonly GroupEntry[] = [];
  readonly #listeners: (() => void)[] = [];
  readonly #onFileChange = () => this.reload(`${this.#files.join(" or ")} has changed; `);
  #retry: NodeJS.Timeout | null = null;

  /** @throws KeysFileError if a file is missing or invalid */
  constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#known = this.#read();
    this.#watch();
  }

  /** Takes over other keys. A file that cannot be used is logged, and then the previous keys stay. */
  update(changed: Pick<KeyRingOptions, "plainKeys" | "plainFile" | "file">): void {
    this.close();
    this.#options = { ...this.#options, ...changed };
    this.reload();
    this.#watch();
  }

  /** Polls the files instead of listening: events get lost on network drives and with renames. */
  #watch(): void {
    const { pollMs } = this.#options;
    for (const file of this.#files)
      watchFile(file, { interval: pollMs, persistent: false }, this.#onFileChange);
  }

  get #files(): readonly string[] {
    const { file, plainFile } = this.#options;
    return [file, plainFile].filter((each) => each !== null);
  }

  /** Whether requests need no key. With a keys file they always need one, even if the file has no keys. */
  get isOpen(): boolean {
    return this.#files.length === 0 && this.#options.plainKeys.length === 0;
  }

  get callers(): readonly Caller[] {
    return this.#known.map(({ caller }) => caller);
  }

  /** A group of the keys file; null if it has none of this name. */
  groupNamed(name: string): CallerGroup | null {
    const group = this.#groups.find((each) => each.name === name);
    return group ? { ...group, owner: groupOwner(name) } : null;
  }

  /** @throws ServiceError `invalid_api_key` for a key that is unknown or has expired */
  authenticate(key: string): Caller {
    const caller = this.find(key);
    if (!caller) throw new ServiceError("invalid_api_key", "this API key is not valid");
    const { now = Date.now } = this.#options;
    if (caller.expiresAtMs === null || now() < caller.expiresAtMs) return caller;
    const expired = new Date(caller.expiresAtMs).toISOString();
    throw new ServiceError("invalid_api_key", `this API key expired on ${expired}`);
  }

  /** Compares with every key, so that timing does not reveal a match. */
  find(key: string): Caller | null {
    const digest = hashOf(key);
    let found: Caller | null = null;
    for (const known of this.#known) {
      if (timingSafeEqual(known.digest, digest)) found ??= known.caller;
    }
    return found;
  }

  /** Calls the listener when the keys may have changed. The listener must not throw. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    if (this.#retry) clearTimeout(this.#retry);
    for (const file of this.#files) unwatchFile(file, this.#onFileChange);
  }

  #read(): readonly KnownKey[] {
    const { file, plainFile, plainKeys, readFile = readKeysFile } = this.#options;
    const plain = [...plainKeys, ...(plainFile ? readPlainKeys(plainFile) : [])];
    const { keys, groups } = file ? readFile(file) : NO_KEYS;
    this.#groups = groups;
    const fromFile = keys.map((entry) => ({
      digest: Buffer.from(entry.sha256, "hex"),
      caller: callerOf(entry, groups),
    }));
    return [...plain.map((key, index) => plainKey(key, index + 1)), ...fromFile];
  }

  /**
   * Reads the files again. Errors are logged, and then the previous keys stay: it is called from timers.
   * @param reason begins the log line
   */
  reload(reason = ""): void {
    const { log, pollMs } = this.#options;
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    try {
      this.#known = this.#read();
      log("info", `${reason}${this.#known.length} keys are loaded`);
      for (const listener of this.#listeners) listener();
    } catch (error) {
      const isOurs = error instanceof KeysFileError;
      const problem = isOurs
        ? error.message
        : `cannot load the keys of ${this.#files.join(" and ")}: ${stackOf(error)}`;
      log("error", `${problem}; keeping the previous keys`);
      // Retries, because the file may not change again, and a key revoked in it must not stay valid.
      if (isOurs && isTemporary(error))
        this.#retry = setTimeout(() => this.reload(), pollMs).unref();
    }
  }
}

function plainKey(key: string, number: number): KnownKey {
  const digest = hashOf(key);
  const owner = digest.toString("hex");
  return { digest, caller: { ...ANONYMOUS, owner, name: `key-${number}` } };
}
