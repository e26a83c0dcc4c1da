// All keys that the server knows: those of the command line, and those of a file, which is read again when it changes.

import { timingSafeEqual } from "node:crypto";
import { unwatchFile, watchFile } from "node:fs";
import { stackOf } from "../errors.ts";
import { type Caller, NO_LIMITS, SCOPES } from "./caller.ts";
import { hashOf } from "./key-hash.ts";
import { callerOf, isPassing, KeysFileError, readKeysFile } from "./keys-file.ts";

export type KeyRingOptions = {
  /** Keys without limits, which may do everything; they are called `key-1`, `key-2`, ... */
  readonly plainKeys: readonly string[];
  /** Null where there is none. */
  readonly file: string | null;
  /** How often the file is looked at. */
  readonly pollMs: number;
  /** Default: `readKeysFile()`. */
  readonly readFile?: typeof readKeysFile;
  readonly log: (level: "info" | "error", message: string) => void;
};

type Known = { readonly digest: Buffer; readonly caller: Caller };

export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #plain: readonly Known[];
  #known: readonly Known[] = [];
  readonly #listeners: (() => void)[] = [];
  readonly #onFileChange = () => this.#reload();
  #retry: NodeJS.Timeout | null = null;

  /** @throws KeysFileError for a file that is not there or not right */
  constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#plain = options.plainKeys.map((key, index) => plainKey(key, index + 1));
    this.#known = this.#read();
    // Looked at, not listened to: events get lost on network drives and behind renames.
    const { file, pollMs } = options;
    if (file) watchFile(file, { interval: pollMs, persistent: false }, this.#onFileChange);
  }

  /** Whether nobody is asked for a key. With a file everybody is, also while there is no key in it. */
  get isOpen(): boolean {
    return this.#options.file === null && this.#plain.length === 0;
  }

  get callers(): readonly Caller[] {
    return this.#known.map(({ caller }) => caller);
  }

  /** Compares with all of them whatever it finds, so that its time tells nothing. */
  find(key: string): Caller | null {
    const digest = hashOf(key);
    let found: Caller | null = null;
    for (const known of this.#known) {
      if (timingSafeEqual(known.digest, digest)) found ??= known.caller;
    }
    return found;
  }

  /** Calls back when the keys may be others. The listener must not throw. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    if (this.#retry) clearTimeout(this.#retry);
    if (this.#options.file) unwatchFile(this.#options.file, this.#onFileChange);
  }

  #read(): readonly Known[] {
    const { file, readFile = readKeysFile } = this.#options;
    const entries = file ? readFile(file) : [];
    const kept = entries.map((entry) => ({
      digest: Buffer.from(entry.sha256, "hex"),
      caller: callerOf(entry),
    }));
    return [...this.#plain, ...kept];
  }

  /** Called by a timer of Node: nothing above catches. */
  #reload(): void {
    const { log, file, pollMs } = this.#options;
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    try {
      this.#known = this.#read();
      log("info", `the keys file ${file} has changed: ${this.#known.length} keys are known now`);
      for (const listener of this.#listeners) listener();
    } catch (error) {
      const isOurs = error instanceof KeysFileError;
      const reason = isOurs
        ? error.message
        : `cannot take over the keys file ${file}: ${stackOf(error)}`;
      log("error", `${reason}; the keys stay as they were`);
      // The file will not change again for that: a key that was revoked in it must not stay.
      if (isOurs && isPassing(error))
        this.#retry = setTimeout(() => this.#reload(), pollMs).unref();
    }
  }
}

function plainKey(key: string, number: number): Known {
  const digest = hashOf(key);
  const owner = digest.toString("hex");
  return { digest, caller: { owner, name: `key-${number}`, scopes: SCOPES, limits: NO_LIMITS } };
}
