// Creates a keys file for services that require keys.

import { existsSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { runKeysCommand } from "../../src/cli/keys.ts";

export type KeysFile = {
  readonly path: string;
  /** @param flags flags of `sluice keys add`. @returns the headers of a request with the key */
  readonly add: (name: string, ...flags: string[]) => { readonly authorization: string };
  readonly revoke: (name: string) => void;
  /** Runs another action of `sluice keys` on the file. */
  readonly run: (...args: string[]) => void;
};

/** A keys file for one test. */
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
    run: (...args) => void run(...args),
  };
}

/**
 * Waits until the server has noticed a change of the file. A watcher misses a change between its start and its first look at
 * the file, so the file is touched after a second.
 */
export async function untilNoticed(
  file: string,
  isNoticed: () => boolean | Promise<boolean>,
): Promise<void> {
  const startedAtMs = Date.now();
  for (let touches = 1; !(await isNoticed()); ) {
    const waitedMs = Date.now() - startedAtMs;
    if (waitedMs > 20_000) throw new Error(`the server did not notice the change of ${file}`);
    if (waitedMs > 1_500 * touches && existsSync(file)) {
      utimesSync(file, new Date(), new Date(Date.now() + touches * 1_000));
      touches += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
