// A change of the keys file that cannot be read for want of open files is read later.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { hashOf, newKey } from "../../../src/keys/key-hash.ts";
import { KeyRing } from "../../../src/keys/key-ring.ts";

vi.mock("node:fs", async (original) => {
  const real = await original<typeof import("node:fs")>();
  return { ...real, readFileSync: vi.fn(real.readFileSync) };
});

test("a key that is revoked while too many files are open is forgotten as soon as they are not", async () => {
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
  const ring = new KeyRing({ plainKeys: [], file, pollMs: 10, log });
  onTestFinished(() => ring.close());

  vi.mocked(readFileSync).mockImplementationOnce(() => {
    throw Object.assign(new Error("too many open files"), { code: "EMFILE" });
  });
  write([]);

  await vi.waitFor(() => expect(ring.find(key)).toBeNull(), { timeout: 10_000 });
  expect(log.mock.calls.map(([level]) => level)).toEqual(["error", "info"]);
});
