// Whom a key identifies, and how the key ring follows its file.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { NO_LIMITS, SCOPES } from "../../../src/keys/caller.ts";
import { hashOf, newKey } from "../../../src/keys/key-hash.ts";
import { KeyRing } from "../../../src/keys/key-ring.ts";
import { changeKeysFile, type KeyEntry } from "../../../src/keys/keys-file.ts";
import { untilNoticed } from "../../support/keys.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "sluice-ring-"));
const rings: KeyRing[] = [];
let files = 0;

afterEach(() => {
  for (const ring of rings.splice(0)) ring.close();
});
afterAll(() => rmSync(scratch, { recursive: true }));

function entryOf(name: string, key: string): KeyEntry {
  return {
    name,
    sha256: hashOf(key).toString("hex"),
    scopes: ["embed"],
    limits: { ...NO_LIMITS, concurrent: 1 },
    expires: null,
    models: null,
    group: null,
    created: new Date().toISOString(),
  };
}

function changeKeys(
  file: string,
  change: (keys: readonly KeyEntry[]) => readonly KeyEntry[],
): void {
  changeKeysFile(file, ({ keys, groups }) => ({ groups, keys: change(keys) }));
}

function fileWith(...entries: readonly KeyEntry[]): string {
  files += 1;
  const file = path.join(scratch, `${files}.json`);
  changeKeys(file, () => entries);
  return file;
}

function open(
  plainKeys: readonly string[],
  file: string | null = null,
  plainFile: string | null = null,
) {
  const log = vi.fn<(level: "info" | "error", message: string) => void>();
  const ring = new KeyRing({ plainKeys, plainFile, file, pollMs: 10, log });
  rings.push(ring);
  return { ring, log };
}

test("requires no key if there are none", () => {
  expect(open([]).ring.isOpen).toBe(true);
});

test("requires a key as soon as there is a file, even an empty one", () => {
  expect(open([], fileWith()).ring.isOpen).toBe(false);
  expect(open(["plain"]).ring.isOpen).toBe(false);
});

test("gives plain keys all scopes and names them by their order", () => {
  const { ring } = open(["first", "second"]);

  expect(ring.find("second")).toEqual({
    owner: hashOf("second").toString("hex"),
    name: "key-2",
    scopes: SCOPES,
    limits: NO_LIMITS,
    models: null,
    expiresAtMs: null,
  });
  expect(ring.find("third")).toBeNull();
  expect(ring.find("")).toBeNull();
});

test("knows the keys of the file in addition to the plain ones", () => {
  const key = newKey();
  const { ring } = open(["plain"], fileWith(entryOf("alice", key)));

  expect(ring.callers.map(({ name }) => name)).toEqual(["key-1", "alice"]);
  expect(ring.find(key)).toMatchObject({
    name: "alice",
    owner: hashOf(key).toString("hex"),
    scopes: ["embed"],
    limits: { concurrent: 1, waiting: null },
  });
});

test("creates long keys that never repeat", () => {
  const keys = Array.from({ length: 100 }, newKey);

  expect(new Set(keys).size).toBe(100);
  for (const key of keys) expect(key).toMatch(/^sluice-[\w-]{43}$/);
});

test("does not start with an invalid file", () => {
  const file = path.join(scratch, "broken.json");
  writeFileSync(file, "{");

  expect(() => open([], file)).toThrow(`the keys file ${file} is not valid JSON`);
  expect(() => open([], path.join(scratch, "missing.json"))).toThrow("there is no keys file");
});

test("accepts new keys and forgets revoked ones when the file changes", async () => {
  const [old, fresh] = [newKey(), newKey()];
  const file = fileWith(entryOf("old", old));
  const { ring, log } = open(["plain"], file);

  changeKeys(file, () => [entryOf("fresh", fresh)]);
  await untilNoticed(file, () => ring.find(fresh) !== null);

  expect(ring.find(old)).toBeNull();
  expect(ring.find("plain")).not.toBeNull();
  expect(log.mock.calls).toEqual([["info", expect.stringMatching(/changed; 2 keys are loaded/)]]);
});

test.each(["broken", "removed"])("keeps its keys when the file is %s", async (how) => {
  const key = newKey();
  const file = fileWith(entryOf("alice", key));
  const { ring, log } = open([], file);

  if (how === "removed") rmSync(file);
  else writeFileSync(file, '{"version":1');
  await untilNoticed(file, () => log.mock.calls.length > 0);

  expect(log.mock.calls).toEqual([["error", expect.stringContaining(file)]]);
  expect(log.mock.calls[0]?.[1]).toContain("keeping the previous keys");
  expect(ring.find(key)).not.toBeNull();
  expect(ring.isOpen).toBe(false);
});

test("notifies listeners that its file has changed, and survives their errors", async () => {
  const file = fileWith(entryOf("first", newKey()));
  const { ring, log } = open([], file);
  const listener = vi.fn<() => void>().mockImplementationOnce(() => {
    throw new Error("a fault");
  });
  ring.onChange(listener);

  changeKeys(file, (entries) => [...entries, entryOf("second", newKey())]);
  await untilNoticed(file, () => listener.mock.calls.length > 0);
  expect(log).toHaveBeenLastCalledWith("error", expect.stringContaining(file));
  changeKeys(file, () => []);
  await untilNoticed(file, () => listener.mock.calls.length > 1);

  expect(ring.callers).toEqual([]);
});

test("takes plain keys from a file, and follows it", async () => {
  const file = path.join(scratch, "plain");
  writeFileSync(file, "first\nsecond\n");
  const { ring, log } = open([], null, file);
  expect(ring.isOpen).toBe(false);
  expect(ring.find("second")).toMatchObject({ name: "key-2", scopes: SCOPES });

  writeFileSync(file, "third\n");
  await untilNoticed(file, () => ring.find("third") !== null);
  expect(ring.find("first")).toBeNull();

  writeFileSync(file, "");
  await untilNoticed(file, () => log.mock.lastCall?.[0] === "error");
  expect(log.mock.lastCall?.[1]).toBe(
    `the API key file ${file} is empty; write one key a line into it; keeping the previous keys`,
  );
  expect(ring.find("third")).not.toBeNull();
});

test("reads its files at once when it is told to", () => {
  const file = path.join(scratch, "told");
  writeFileSync(file, "old");
  const { ring } = open([], null, file);
  writeFileSync(file, "new");

  ring.reload();

  expect([ring.find("old"), ring.find("new")?.name]).toEqual([null, "key-1"]);
});

test("refuses a key that has expired, and says so", () => {
  const [key, other] = [newKey(), newKey()];
  const expires = "2027-01-31T23:59:59.999Z";
  const file = fileWith({ ...entryOf("alice", key), expires }, entryOf("bob", other));
  let now = Date.parse(expires) - 1;
  const ring = new KeyRing({
    plainKeys: [],
    plainFile: null,
    file,
    pollMs: 1_000,
    now: () => now,
    log: () => {},
  });
  rings.push(ring);

  expect(ring.authenticate(key).name).toBe("alice");
  now += 1;
  expect(() => ring.authenticate(key)).toThrow(`this API key expired on ${expires}`);
  expect(ring.authenticate(other).name).toBe("bob");
  expect(() => ring.authenticate("other")).toThrow("this API key is not valid");
});

test("gives the keys of a group its limits", () => {
  const limits = { ...NO_LIMITS, tokensPerDay: 100 };
  const file = path.join(scratch, "groups.json");
  const key = newKey();
  changeKeysFile(file, () => ({
    groups: [{ name: "lab", limits }],
    keys: [{ ...entryOf("alice", key), group: "lab" }],
  }));

  expect(open([], file).ring.find(key)?.group).toEqual({ owner: "group:lab", name: "lab", limits });
});
