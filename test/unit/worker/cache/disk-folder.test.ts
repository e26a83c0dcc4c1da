import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DamagedFileError } from "../../../../src/worker/cache/disk-files.ts";
import { DiskFolder } from "../../../../src/worker/cache/disk-folder.ts";

let folder = "";
const at = (name: string) => path.join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-folder-"));
  writeFileSync(at("key"), "k".repeat(32));
  writeFileSync(at("state"), Buffer.alloc(100_000, 3));
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(maxBytes = 10_000_000): DiskFolder {
  return new DiskFolder({ folder, maxBytes, keyFile: at("key") });
}

function store(disk: DiskFolder, id: string, { modelKey = "m", ageSeconds = 0 } = {}) {
  const stored = disk.store(at("state"), prefix(id), modelKey);
  const then = new Date(Date.now() - 1000 * ageSeconds);
  if (stored.bytes !== null) utimesSync(at(`${id}.prefix`), then, then);
  return stored;
}

const prefix = (id: string) => ({ id, hashes: [id], tokens: 64, bytes: 100_000 });
const ids = (disk: DiskFolder, modelKey = "m") => disk.scan(modelKey).prefixes.map(({ id }) => id);

test("lists what it stored for a model, the least recently used first, and gives the state back", () => {
  const disk = open();
  store(disk, "new");
  store(disk, "old", { ageSeconds: 60 });
  store(disk, "of another model", { modelKey: "other" });

  expect(ids(open())).toEqual(["old", "new"]);
  disk.fetch("old", at("back"));
  expect(readFileSync(at("back")).equals(readFileSync(at("state")))).toBe(true);
});

test("a prefix that is fetched counts as used", () => {
  const disk = open();
  store(disk, "one", { ageSeconds: 60 });
  store(disk, "two", { ageSeconds: 30 });
  disk.fetch("one", at("back"));

  expect(ids(disk)).toEqual(["two", "one"]);
});

test("never takes more room than its limit: the least recently used prefixes go, of any model", () => {
  const disk = open(300_000);
  store(disk, "oldest", { modelKey: "other", ageSeconds: 90 });
  store(disk, "old", { ageSeconds: 60 });

  expect(store(disk, "newest").removed).toEqual(["oldest"]);
  expect(ids(disk)).toEqual(["old", "newest"]);
});

test("does not store what is larger than its limit, and removes nothing for it", () => {
  const disk = open(250_000);
  store(disk, "small");
  const large = { ...prefix("large"), bytes: 300_000 };

  expect(disk.store(at("state"), large, "m")).toEqual({ bytes: null, removed: [] });
  expect(ids(disk)).toEqual(["small"]);
});

test("removes damaged files, files of another key, and files that were never completed", () => {
  const disk = open();
  store(disk, "good");
  writeFileSync(at("damaged.prefix"), "x".repeat(1000));
  writeFileSync(at("interrupted.prefix.new"), "x");

  expect(disk.scan("m")).toMatchObject({ prefixes: [{ id: "good" }], damaged: 1 });
  expect(readdirSync(folder).sort()).toEqual(["good.prefix", "key", "state"]);
  writeFileSync(at("key"), "another".repeat(8));
  expect(open().scan("m")).toEqual({ prefixes: [], damaged: 1 });
});

test("a damaged file that is fetched is removed", () => {
  const disk = open();
  store(disk, "one");
  const bytes = readFileSync(at("one.prefix"));
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(at("one.prefix"), bytes);

  expect(() => disk.fetch("one", at("back"))).toThrow(DamagedFileError);
  expect(ids(disk)).toEqual([]);
});

test("remembers the digest of a model file until the file changes", () => {
  const disk = open();
  const digest = disk.modelDigest(at("state"));

  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(open().modelDigest(at("state"))).toBe(digest);
  writeFileSync(at("models.json"), "{");
  expect(open().modelDigest(at("state"))).toBe(digest);
  writeFileSync(at("state"), "another model");
  expect(open().modelDigest(at("state"))).not.toBe(digest);
});
