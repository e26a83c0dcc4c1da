import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { type PrefixFolder, PrefixFolders } from "../../../src/engine/prefix-folder.ts";

let made: PrefixFolder | null = null;
afterEach(() => {
  made?.remove();
  made = null;
});

test("makes a folder that only its owner can use", () => {
  made = new PrefixFolders(1_000).make();

  expect(made?.maxRamBytes).toBe(1_000);
  expect(statSync(made?.folder ?? "").mode & 0o077).toBe(0);
});

test("makes none for a size of 0", () => {
  expect(new PrefixFolders(0).make()).toBeNull();
});

test("is never larger than the file system", () => {
  made = new PrefixFolders(Number.MAX_SAFE_INTEGER).make();

  expect(made?.maxRamBytes).toBeLessThan(1e15);
});

test("removes the folder of a server that no longer runs, and no other", () => {
  made = new PrefixFolders(1_000).make();
  const parent = path.dirname(made?.folder ?? "");
  const ended = path.join(parent, "sluice-prefixes-4194400-ended"); // above the highest process id
  // In a container, the next server has the same process id.
  const sameId = path.join(parent, `sluice-prefixes-${process.pid}-1-ended`);
  const others = mkdtempSync(path.join(tmpdir(), "another-program-"));
  mkdirSync(ended, { recursive: true });
  mkdirSync(sameId, { recursive: true });
  const second = new PrefixFolders(1_000).make();

  const folders = [ended, sameId, made?.folder ?? "", others];
  expect(folders.map((folder) => existsSync(folder))).toEqual([false, false, true, true]);
  second?.remove();
  rmSync(others, { recursive: true });
});
