// The API keys of a run, in a file that changes while the server is running.

import path from "node:path";
import { runKeysCommand } from "../../../src/cli/keys.ts";
import type { AbuserKeys } from "../abuses/target.ts";

const CHANGING = "abuser-3";
/** Together with the honest clients, abusers fit on the slots: the run measures abuse, not a long queue. */
const ABUSER_FLAGS = {
  limited: ["--concurrent", "1", "--waiting", "0", "--tokens-per-minute", "100"],
  normal: ["--concurrent", "2", "--waiting", "8"],
  changing: ["--concurrent", "1", "--waiting", "8"],
};
const WATCHER_SCOPES = ["generate", "embed", "read", "admin"].flatMap((scope) => [
  "--scope",
  scope,
]);

export class KeyFile {
  readonly path: string;
  readonly honest: readonly string[];
  /** Has all scopes. */
  readonly watcher: string;
  #abusers: AbuserKeys;

  constructor(folder: string) {
    this.path = path.join(folder, "keys.json");
    this.honest = ["honest-1", "honest-2", "honest-3"].map((name) => this.#add(name, []));
    this.watcher = this.#add("watcher", WATCHER_SCOPES);
    this.#abusers = {
      limited: this.#add("abuser-1", ABUSER_FLAGS.limited),
      normal: this.#add("abuser-2", ABUSER_FLAGS.normal),
      changing: this.#add(CHANGING, ABUSER_FLAGS.changing),
    };
  }

  get abusers(): AbuserKeys {
    return this.#abusers;
  }

  /** Revokes the changing key: its requests are refused a moment later. */
  revoke(): void {
    this.#run("revoke", CHANGING);
  }

  /** Adds a new key under the same name; the old key stays invalid. */
  addAgain(): void {
    this.#abusers = { ...this.#abusers, changing: this.#add(CHANGING, ABUSER_FLAGS.changing) };
  }

  #add(name: string, flags: readonly string[]): string {
    return this.#run("add", name, ...flags).split(": ")[1] ?? "";
  }

  #run(...args: string[]): string {
    return runKeysCommand([...args, "--keys-file", this.path], {}).out;
  }
}
