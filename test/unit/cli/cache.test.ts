import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cacheCommand } from "../../../src/cli/cache.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-clear-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("clear removes the saved prompts, and leaves the key and everything else", () => {
  for (const name of ["a.prefix", "b.prefix.new", "models.json", "key", "notes.txt"])
    writeFileSync(path.join(folder, name), "x");

  expect(cacheCommand(["clear", "--cache-disk", folder], {})).toContain("removed 3 files");
  expect(readdirSync(folder).sort()).toEqual(["key", "notes.txt"]);
});

test("the folder may be named as the server's setting has it", () => {
  writeFileSync(path.join(folder, "a.prefix"), "x");

  expect(cacheCommand(["clear"], { SLUICE_CACHE_DISK: `${folder},20GiB` })).toContain("1 file");
});

test("says what is missing or wrong", () => {
  expect(() => cacheCommand(["clear"], {})).toThrow("--cache-disk DIR");
  expect(() => cacheCommand(["empty"], {})).toThrow("the only action is clear");
  expect(() => cacheCommand(["clear", "--cache-disk", path.join(folder, "none")], {})).toThrow(
    "ENOENT",
  );
  expect(cacheCommand([], {})).toContain("usage: sluice cache clear");
  expect(cacheCommand(["--help"], {})).toContain("usage: sluice cache clear");
});
