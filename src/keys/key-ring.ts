// All keys the server accepts: those of the command line and those of the keys file, which is reloaded when it changes.

import { timingSafeEqual } from "node:crypto";
import { unwatchFile, watchFile } from "node:fs";
import { stackOf } from "../errors.ts";
import { type Caller, NO_LIMITS, SCOPES } from "./caller.ts";
import { hashOf } from "./key-hash.ts";
import { callerOf, isTemporary, KeysFileError, readKeysFile } from "./keys-file.ts";

export type KeyRingOptions = {
  /** Keys with all scopes and no limits, named `key-1`, `key-2`, ... */
  readonly plainKeys: readonly string[];
  /** Null for no file. */
  readonly file: string | null;
  /** How often to check the file for changes. */
  readonly pollMs: number;
  /** Default: `readKeysFile()`. */
  readonly readFile?: typeof readKeysFile;
  readonly log: (level: "info" | "error", message: string) => void;
};

type KnownKey = { readonly digest: Buffer; readonly caller: Caller };

export class KeyRing {
  #options: KeyRingOptions;
  #plain: readonly KnownKey[];
  #known: readonly KnownKey[] = [];
  readonly #listeners: (() => void)[] = [];
  readonly #onFileChange = () => this.#reload();
  #retry: NodeJS.Timeout | null = null;

  /** @throws KeysFileError if the file is missing or invalid */
  constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#plain = options.plainKeys.map((key, index) => plainKey(key, index + 1));
    this.#known = this.#read();
    this.#watch();
  }

  /** Takes over other keys. A file that cannot be used is logged, and then the previous keys stay. */
  update(changed: Pick<KeyRingOptions, "plainKeys" | "file">): void {
    this.close();
    this.#options = { ...this.#options, ...changed };
    this.#plain = changed.plainKeys.map((key, index) => plainKey(key, index + 1));
    this.#reload();
    this.#watch();
  }

  /** Polls the file instead of listening: events get lost on network drives and with renames. */
  #watch(): void {
    const { file, pollMs } = this.#options;
    if (file) watchFile(file, { interval: pollMs, persistent: false }, this.#onFileChange);
  }

  /** Whether requests need no key. With a keys file they always need one, even if the file has no keys. */
  get isOpen(): boolean {
    return this.#options.file === null && this.#plain.length === 0;
  }

  get callers(): readonly Caller[] {
    return this.#known.map(({ caller }) => caller);
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
    if (this.#options.file) unwatchFile(this.#options.file, this.#onFileChange);
  }

  #read(): readonly KnownKey[] {
    const { file, readFile = readKeysFile } = this.#options;
    const entries = file ? readFile(file) : [];
    const fromFile = entries.map((entry) => ({
      digest: Buffer.from(entry.sha256, "hex"),
      caller: callerOf(entry),
    }));
    return [...this.#plain, ...fromFile];
  }

  /** Called from a timer, so no caller catches errors. */
  #reload(): void {
    const { log, file, pollMs } = this.#options;
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    try {
      this.#known = this.#read();
      const source = file ? `the keys file ${file} has changed; ` : "";
      log("info", `${source}${this.#known.length} keys are loaded`);
      for (const listener of this.#listeners) listener();
    } catch (error) {
      const isOurs = error instanceof KeysFileError;
      const reason = isOurs
        ? error.message
        : `cannot load the keys file ${file}: ${stackOf(error)}`;
      log("error", `${reason}; keeping the previous keys`);
      // Retries, because the file may not change again, and a key revoked in it must not stay valid.
      if (isOurs && isTemporary(error))
        this.#retry = setTimeout(() => this.#reload(), pollMs).unref();
    }
  }
}

function plainKey(key: string, number: number): KnownKey {
  const digest = hashOf(key);
  const owner = digest.toString("hex");
  return { digest, caller: { owner, name: `key-${number}`, scopes: SCOPES, limits: NO_LIMITS } };
}
