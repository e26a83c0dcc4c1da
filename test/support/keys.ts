// Keys in a file of their own, for services that ask for them.

import { existsSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
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

/**
 * Waits until a change of the file has been noticed. A change between a watcher's start and its first look at the file is
 * none to the watcher: after a second the file is touched.
 */
export async function untilNoticed(
  file: string,
  isNoticed: () => boolean | Promise<boolean>,
): Promise<void> {
  const startedAtMs = Date.now();
  for (let touches = 1; !(await isNoticed()); ) {
    const waitedMs = Date.now() - startedAtMs;
    if (waitedMs > 20_000) throw new Error(`nobody noticed that ${file} has changed`);
    if (waitedMs > 1_500 * touches && existsSync(file)) {
      utimesSync(file, new Date(), new Date(Date.now() + touches * 1_000));
      touches += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
