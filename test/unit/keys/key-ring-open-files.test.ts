// A keys file that cannot be read because too many files are open is read later.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { hashOf, newKey } from "../../../src/keys/key-hash.ts";
import { KeyRing } from "../../../src/keys/key-ring.ts";
import { KeysFileError, readKeysFile } from "../../../src/keys/keys-file.ts";

test("a key revoked while too many files are open is forgotten once files can be opened again", {
  timeout: 20_000,
}, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "keys.json");
  const key = newKey();
  const limits = { concurrent: null, waiting: null, tokensPerMinute: null };
  const entry = { name: "alice", sha256: hashOf(key).toString("hex"), scopes: ["read"], limits };
  const write = (keys: readonly object[]) =>
    writeFileSync(file, JSON.stringify({ version: 1, keys }));
  write([{ ...entry, created: new Date().toISOString() }]);
  const log = vi.fn();
  const tooMany = Object.assign(new Error("too many open files"), { code: "EMFILE" });
  const readFile = vi
    .fn(readKeysFile)
    .mockImplementationOnce(readKeysFile)
    .mockImplementationOnce(() => {
      throw new KeysFileError("cannot use the keys file", { cause: tooMany });
    });
  const ring = new KeyRing({ plainKeys: [], plainFile: null, file, pollMs: 10, readFile, log });
  onTestFinished(() => ring.close());
  // Writes again if the ring had not polled the file before it changed; it logs after its first failed read.
  const change = () => {
    if (log.mock.calls.length === 0) write([]);
    expect(log).toHaveBeenCalled();
  };
  await vi.waitFor(change, { timeout: 10_000, interval: 1_000 });

  await vi.waitFor(() => expect(ring.find(key)).toBeNull(), { timeout: 10_000 });
  expect(log.mock.calls.map(([level]) => level)).toEqual(["error", "info"]);
});
