import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readCommandLine } from "../../../src/config/command-line.ts";
import { configWith } from "../../../src/config/config-with.ts";
import { openDiskCache } from "../../../src/config/disk-cache.ts";

let parent = "";
beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), "sluice-config-"));
});
afterEach(() => rmSync(parent, { recursive: true }));

function settings(...args: string[]) {
  const command = readCommandLine(args, {});
  if (command.type !== "serve") throw new Error("it prints a text");
  return command.config;
}

const at = (name: string) => path.join(parent, name);

test.each([
  ["1000", 1_000],
  ["4K", 4_096],
  ["512MiB", 2 ** 29],
  ["1.5 GB", 1.5 * 2 ** 30],
  ["2t", 2 ** 41],
])("a size may be written %s", (text, bytes) => {
  expect(settings("--cache-ram", text).cacheRam).toBe(bytes);
});

test.each(["", "-1", "4GG", "four", "1e3", "99999999T"])("%j is no size", (text) => {
  expect(() => settings("--cache-ram", text)).toThrow("a number of bytes, or a size such as");
});

test("a folder on disk comes with its size, and may contain commas", () => {
  expect(settings("--cache-disk", "/var/a,b,20GiB").cacheDisk).toEqual({
    folder: "/var/a,b",
    maxBytes: 20 * 2 ** 30,
  });
  expect(configWith({ cacheDisk: { folder: "/x", maxBytes: 5 } }).cacheDisk?.maxBytes).toBe(5);
});

test.each(["/var/cache", ",4G", "/var/cache,0", "/var/cache,much"])("%j is refused", (text) => {
  expect(() => settings("--cache-disk", text)).toThrow("a folder, a comma and a size");
});

test("makes the folder and its key at the first start, for the owner only, and keeps them", () => {
  const config = configWith({ cacheDisk: { folder: at("cache"), maxBytes: 1_000 } });
  const opened = openDiskCache(config);

  expect(opened).toEqual({ folder: at("cache"), maxBytes: 1_000, keyFile: at("cache/key") });
  expect([at("cache"), at("cache/key")].map((file) => statSync(file).mode & 0o077)).toEqual([0, 0]);
  const key = readFileSync(at("cache/key"), "utf8");
  expect(key).toHaveLength(64);
  openDiskCache(config);
  expect(readFileSync(at("cache/key"), "utf8")).toBe(key);
});

test("is off by default", () => {
  expect(openDiskCache(configWith({}))).toBeNull();
});

test("names what it cannot use", () => {
  const cacheDisk = { folder: at("cache"), maxBytes: 1_000 };
  const open = (changes: object) => () => openDiskCache(configWith({ cacheDisk, ...changes }));
  writeFileSync(at("short"), "secret", { mode: 0o600 });
  writeFileSync(at("open"), "s".repeat(40));
  chmodSync(at("open"), 0o644);
  writeFileSync(at("file"), "");

  expect(open({ cacheKeyFile: at("short") })).toThrow("must have 32 bytes or more");
  expect(open({ cacheKeyFile: at("open") })).toThrow("chmod 600");
  expect(open({ cacheKeyFile: at("none/key") })).toThrow("--cache-key-file: cannot use");
  expect(open({ cacheDisk: { ...cacheDisk, folder: at("file/x") } })).toThrow(
    "--cache-disk: cannot",
  );
  expect(open({ cacheRam: 0 })).toThrow("--cache-ram must not be 0");
  expect(() => openDiskCache(configWith({ cacheKeyFile: at("short") }))).toThrow(
    "also requires --cache-disk",
  );
});
