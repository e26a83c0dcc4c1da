// Keys in a file of their own, for services that ask for them.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { runKeysCommand } from "../../src/cli/keys.ts";

export type KeysFile = {
  readonly path: string;
  /** @param flags as the command has them. @returns the key, as headers of a request */
  readonly add: (name: string, ...flags: string[]) => { readonly authorization: string };
  readonly revoke: (name: string) => void;
};

/** For one test. */
export function newKeysFile(): KeysFile {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "keys.json");
  const run = (...args: string[]) => runKeysCommand([...args, "--keys-file", file], {}).out;
  return {
    path: file,
    add: (name, ...flags) => {
      const [, key] = run("add", name, ...flags).split(": ");
      return { authorization: `Bearer ${key}` };
    },
    revoke: (name) => void run("revoke", name),
  };
}
