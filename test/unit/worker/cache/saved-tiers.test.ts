// Where prefixes lie, and what each tier gives up. The disk is a fake; the files are in a temporary folder.

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SavedPrefix } from "../../../../src/worker/cache/saved-prefixes.ts";
import { SavedTiers, type SavedTiersOptions } from "../../../../src/worker/cache/saved-tiers.ts";

let folder = "";
beforeEach(() => {
  vi.useFakeTimers();
  folder = mkdtempSync(path.join(tmpdir(), "sluice-tiers-"));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

function fakeDisk(initial: readonly SavedPrefix[] = []) {
  const stored = new Map(initial.map((prefix) => [prefix.id, prefix]));
  return {
    stored,
    scan: vi.fn(async () => ({ prefixes: [...stored.values()], damaged: 0 })),
    store: vi.fn(async (_from: string, prefix: SavedPrefix) => {
      stored.set(prefix.id, prefix);
      return { bytes: prefix.bytes as number | null, removed: [] as string[] };
    }),
    fetch: vi.fn(async (_id: string, to: string) => writeFileSync(to, "x".repeat(100))),
    remove: vi.fn(async (id: string) => void stored.delete(id)),
  };
}

async function open(changes: Partial<SavedTiersOptions> = {}) {
  const log = vi.fn();
  const onBytes = vi.fn();
  const options = { folder, maxRamBytes: 350, disk: null, modelKey: "m", isWhole: false };
  const tiers = new SavedTiers({ ...options, onBytes, log, ...changes });
  await tiers.open();
  return { tiers, log, onBytes };
}

/** Saves a prefix of 100 bytes. */
function save(tiers: SavedTiers, hashes: string): string {
  const place = tiers.prepare(100);
  if (!place) throw new Error("no room");
  writeFileSync(place.path, "x".repeat(100));
  return tiers.add(place.id, { hashes: [...hashes], tokens: 64 * hashes.length }).id;
}

const find = (tiers: SavedTiers, hashes: string) => tiers.find([...hashes]);

test("another worker finds what the last one saved, and removes what it left half saved", async () => {
  const { tiers } = await open();
  save(tiers, "ab");
  tiers.prepare(100); // the worker died before it was saved
  writeFileSync(path.join(folder, "unfinished.json"), "{");

  const next = await open();
  expect(find(next.tiers, "abc")).toMatchObject({
    blocks: 2,
    tier: "ram",
    prefix: { tokens: 128 },
  });
  expect(readdirSync(folder)).toHaveLength(2);
});

test("what another model saved is removed", async () => {
  save((await open()).tiers, "ab");

  expect(find((await open({ modelKey: "other" })).tiers, "ab")).toBeNull();
  expect(readdirSync(folder)).toEqual([]);
});

test("memory stays within its limit: the least recently used prefix goes, with its files", async () => {
  const { tiers } = await open();
  for (const hashes of ["a", "b", "c"]) save(tiers, hashes);
  const found = find(tiers, "a");
  if (found) await tiers.bring(found);
  save(tiers, "d");

  expect(["a", "b", "c", "d"].filter((hashes) => find(tiers, hashes))).toEqual(["a", "c", "d"]);
  expect(readdirSync(folder)).toHaveLength(6);
  expect(tiers.prepare(351)).toBeNull();
});

test("the next turn of a conversation replaces the last one", async () => {
  const disk = fakeDisk();
  const { tiers } = await open({ disk });
  save(tiers, "ab");
  await tiers.flush();
  save(tiers, "abc");

  expect(disk.stored.size).toBe(0);
  expect(readdirSync(folder)).toHaveLength(2);
});

test("it stays for a model that cannot go back: an edited turn needs it", async () => {
  const { tiers } = await open({ isWhole: true });
  save(tiers, "ab");
  save(tiers, "abc");

  expect(find(tiers, "abx")).toMatchObject({ blocks: 2 });
});

test("prefixes go to the disk some seconds later, or before the process ends", async () => {
  const disk = fakeDisk();
  const { tiers } = await open({ disk });
  save(tiers, "a");
  expect(disk.store).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(disk.store).toHaveBeenCalledTimes(1);

  save(tiers, "b");
  await tiers.flush();
  expect(disk.store).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(disk.store).toHaveBeenCalledTimes(2);
});

test("a prefix that left memory comes back from the disk, once for all who ask", async () => {
  const disk = fakeDisk([{ id: "p", hashes: ["a", "b"], tokens: 130, bytes: 100 }]);
  const { tiers } = await open({ disk });
  const found = find(tiers, "ab");
  expect(found).toMatchObject({ tier: "disk", blocks: 2 });
  if (!found) return;

  await Promise.all([tiers.bring(found), tiers.bring(found)]);
  expect(await tiers.load(found, async (state) => existsSync(state))).toBe(true);
  expect(disk.fetch).toHaveBeenCalledTimes(1);
  expect(find(tiers, "ab")).toMatchObject({ tier: "ram" });
});

test("a state whose loading ended the worker is not loaded again, from memory or from the disk", async () => {
  const disk = fakeDisk();
  const { tiers } = await open({ disk });
  save(tiers, "a");
  await tiers.flush();
  const found = find(tiers, "a");
  void (found && tiers.load(found, () => new Promise(() => {}))); // the worker dies here

  const next = await open({ disk });
  expect(find(next.tiers, "a")).toBeNull();
  expect(disk.stored.size).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
});

test("a state can be loaded several times", async () => {
  const { tiers } = await open();
  save(tiers, "a");
  const found = find(tiers, "a");
  for (let time = 0; time < 2; time++) await (found && tiers.load(found, async () => {}));

  expect(find((await open()).tiers, "a")).not.toBeNull();
});

test("a prefix that cannot be read from the disk is forgotten", async () => {
  const disk = fakeDisk([{ id: "p", hashes: ["a"], tokens: 64, bytes: 100 }]);
  disk.fetch.mockRejectedValue(new Error("damaged"));
  const { tiers } = await open({ disk });
  const found = find(tiers, "a");

  await expect(found && tiers.bring(found)).rejects.toThrow("damaged");
  expect(find(tiers, "a")).toBeNull();
  expect(readdirSync(folder)).toEqual([]);
});

test("tells how much each tier holds", async () => {
  const { tiers, onBytes } = await open({ disk: fakeDisk() });
  const id = save(tiers, "a");
  await tiers.flush();
  expect(onBytes).toHaveBeenLastCalledWith({ ram: 100, disk: 100 });
  tiers.remove(id);
  expect(onBytes).toHaveBeenLastCalledWith({ ram: 0, disk: 0 });
});

test("what the disk removes to make room is no longer found there", async () => {
  const disk = fakeDisk([{ id: "p", hashes: ["old"], tokens: 64, bytes: 100 }]);
  disk.store.mockResolvedValue({ bytes: 100, removed: ["p"] });
  const { tiers } = await open({ disk });
  save(tiers, "a");
  await tiers.flush();

  expect(tiers.find(["old"])).toBeNull();
});

test("a disk that is full is reported, and the prefix stays in memory", async () => {
  const disk = fakeDisk();
  disk.store.mockRejectedValue(new Error("ENOSPC"));
  const { tiers, log } = await open({ disk });
  save(tiers, "a");
  await tiers.flush();

  expect(log).toHaveBeenCalledWith("warn", "the cache on disk failed: ENOSPC");
  expect(find(tiers, "a")).toMatchObject({ tier: "ram" });
});
