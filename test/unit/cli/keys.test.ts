// `sluice keys`: what it does with its arguments, and what it prints.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { CommandError } from "../../../src/cli/command-error.ts";
import { runKeysCommand } from "../../../src/cli/keys.ts";
import { NO_LIMITS } from "../../../src/keys/caller.ts";
import { hashOf } from "../../../src/keys/key-hash.ts";
import { KeysFileError, readKeysFile } from "../../../src/keys/keys-file.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "sluice-keys-command-"));
let files = 0;
let file = "";
beforeEach(() => {
  files += 1;
  file = path.join(scratch, `${files}.json`);
});
afterAll(() => rmSync(scratch, { recursive: true }));

function run(...args: string[]) {
  return runKeysCommand(args, { SLUICE_KEYS_FILE: file });
}

function complaintAbout(...args: string[]): string {
  try {
    run(...args);
  } catch (error) {
    if (error instanceof CommandError || error instanceof KeysFileError) return error.message;
  }
  throw new Error("was accepted");
}

test("adds a key: shows it once, and keeps only its hash", () => {
  const { out, note } = run("add", "alice");

  const [, key = ""] = /^alice: (sluice-\S+)$/.exec(out) ?? [];
  expect(note).toContain("shown only this time");
  expect(readFileSync(file, "utf8")).not.toContain(key);
  expect(readKeysFile(file).keys).toEqual([
    {
      name: "alice",
      sha256: hashOf(key).toString("hex"),
      scopes: ["generate", "embed", "read"],
      limits: NO_LIMITS,
      expires: null,
      models: null,
      group: null,
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    },
  ]);
});

test("adds a key with scopes and limits", () => {
  const limits = ["--concurrent", "2", "--waiting", "0", "--tokens-per-minute=6000"];
  run("add", "bob", "--scope", "read", "--scope", "admin,read", ...limits);

  expect(readKeysFile(file).keys[0]).toMatchObject({
    scopes: ["read", "admin"],
    limits: { concurrent: 2, waiting: 0, tokensPerMinute: 6_000 },
  });
});

test("changes what a key may do, and nothing that has no flag", () => {
  run("add", "bob", "--concurrent", "2", "--tokens-per-minute", "600");
  const [before] = readKeysFile(file).keys;

  expect(run("set", "bob", "--tokens-per-day", "5000", "--tokens-per-minute", "none").out).toBe(
    "changed bob",
  );

  const limits = { ...NO_LIMITS, concurrent: 2, tokensPerDay: 5_000 };
  expect(readKeysFile(file).keys).toEqual([{ ...before, limits }]);
  expect(complaintAbout("set", "bop", "--waiting", "1")).toBe(
    'keys set: there is no key "bop"; keys: bob',
  );
});

test("keys expire at the end of a day, or after a number of days", () => {
  run("add", "alice", "--expires", "2126-01-31");
  run("add", "bob", "--expires", "90d");
  const expiryOf = (name: string) =>
    readKeysFile(file).keys.find((each) => each.name === name)?.expires ?? null;

  expect(expiryOf("alice")).toBe("2126-01-31T23:59:59.999Z");
  const daysLeft = (Date.parse(expiryOf("bob") ?? "") - Date.now()) / 86_400_000;
  expect(daysLeft).toBeGreaterThan(89.9);
  expect(daysLeft).toBeLessThanOrEqual(90);
  expect(run("list").out).toMatch(/alice .* 2126-01-31T23:59:59\.999Z +\d{4}/);
  run("set", "alice", "--expires", "none");
  expect(expiryOf("alice")).toBeNull();
});

test("groups have limits for all of their keys", () => {
  run("add", "alice");
  expect(run("group", "lab", "--tokens-per-day", "5000").out).toBe("made the group lab");
  run("set", "alice", "--group", "lab", "--models", "a,b");

  const { out } = run("list");
  expect(out).toMatch(/\nalice .* a,b +lab +- +\d{4}/);
  expect(out).toMatch(/\n\nGROUP +CONCURRENT .*\nlab +- +- +5000 +-$/);
  expect(run("group", "lab", "--concurrent", "2").out).toBe("changed the group lab");
  expect(readKeysFile(file).groups).toEqual([
    { name: "lab", limits: { ...NO_LIMITS, concurrent: 2, tokensPerDay: 5_000 } },
  ]);
  expect(run("group", "lab", "--remove").out).toBe("removed the group lab");
  expect(readKeysFile(file)).toMatchObject({ groups: [], keys: [{ group: null }] });
});

test("the file is of version 1, which older servers read, until a key has a newer limit", () => {
  const versionOf = () => JSON.parse(readFileSync(file, "utf8")).version;

  run("add", "alice", "--tokens-per-minute", "600");
  expect(versionOf()).toBe(1);
  expect(readFileSync(file, "utf8")).not.toContain("tokensPerDay");
  run("add", "bob", "--tokens-per-month", "1000000");
  expect(versionOf()).toBe(2);
  run("set", "bob", "--tokens-per-month", "none");
  expect(versionOf()).toBe(1);
});

test("lists names, scopes, limits and dates, and no part of a key", () => {
  const { out: added } = run("add", "alice", "--concurrent", "2");
  run("add", "monitoring", "--scope", "read");

  const { out } = run("list");

  const [head, first, second] = out.split("\n");
  expect(head).toMatch(
    /^NAME +SCOPES +CONCURRENT +WAITING +TOKENS\/MIN +\/DAY +\/MONTH +MODELS +GROUP +EXPIRES +CREATED$/,
  );
  expect(first).toMatch(/^alice +generate,embed,read +2 +- +- +- +- +- +- +- +\d{4}-/);
  expect(second).toMatch(/^monitoring +read +- +- +- +- +- +- +- +- +\d{4}-/);
  expect(out).not.toContain(added.split(" ")[1]);
  for (const { sha256 } of readKeysFile(file).keys) expect(out).not.toContain(sha256);
});

test("revokes a key by its name", () => {
  run("add", "alice");
  run("add", "bob");

  expect(run("revoke", "alice").out).toBe("revoked alice");

  expect(readKeysFile(file).keys.map(({ name }) => name)).toEqual(["bob"]);
});

test.each<[string, string[], RegExp]>([
  ["no name", ["add"], /keys add: takes one name: sluice keys add NAME/],
  ["two names", ["add", "a", "b"], /takes one name/],
  ["a name with a slash", ["add", "a/b"], /keys add: a name is 1 to 64 letters/],
  ["a reserved name", ["add", "key-3"], /keys of --api-key/],
  ["an unknown scope", ["add", "a", "--scope", "all"], /--scope is "all": allowed is generate, em/],
  ["a limit of 0", ["add", "a", "--concurrent", "0"], /--concurrent is "0": .* from 1 to/],
  [
    "an expiry in the past",
    ["add", "a", "--expires", "2020-01-01"],
    /--expires is "2020-01-01": .*90d/,
  ],
  ["a day that is none", ["add", "a", "--expires", "2030-02-30"], /--expires is "2030-02-30"/],
  ["no name of a model", ["add", "a", "--models", "a,,b"], /--models is "a,,b"/],
  [
    "an unknown group",
    ["add", "a", "--group", "lab"],
    /no group "lab"; groups: none; make one with/,
  ],
  ["a group to remove that is not there", ["group", "lab", "--remove"], /there is no group lab/],
  ["a key to change that is not there", ["set", "a"], /there is no keys file/],
  ["a limit that is no number", ["add", "a", "--waiting", "x"], /--waiting is "x": .* from 0 to/],
  ["an unknown flag", ["add", "a", "--limit", "1"], /keys add: .*--limit.*keys add --help/],
  ["a flag of another action", ["list", "--scope", "read"], /keys list: .*--scope/],
  ["a name for list", ["list", "a"], /keys list: takes no name/],
  [
    "a file that is not there",
    ["list"],
    /there is no keys file .* create it with: sluice keys add NAME/,
  ],
  ["nothing to revoke from", ["revoke", "a"], /there is no keys file/],
  [
    "an unknown action",
    ["remove", "a"],
    /keys: the first word must be one of add, set, group, list, revoke, usage/,
  ],
])("says what is wrong with %s, in one line", (_what, args, expected) => {
  const message = complaintAbout(...args);

  expect(message).toMatch(expected);
  expect(message).not.toContain("\n");
});

test("adds no second key of a name", () => {
  run("add", "alice");

  expect(complaintAbout("add", "alice")).toMatch(
    /keys add: .*\.json already has a key alice; revoke it first/,
  );
});

test("says which keys can be revoked", () => {
  run("add", "alice");

  expect(complaintAbout("revoke", "alcie")).toBe(
    'keys revoke: there is no key "alcie"; keys: alice',
  );
});

test("prints help, which names the keys file", () => {
  expect(run().out).toMatch(
    /usage: sluice keys add NAME.*\n +sluice keys set NAME .*\n +sluice keys group NAME .*\n +sluice keys list .*\n +sluice keys revoke NAME/,
  );
  for (const action of ["add", "set", "group", "list", "revoke"]) {
    const { out } = run(action, "--help");
    expect(out).toContain(`usage: sluice keys ${action}`);
    expect(out).toContain("--keys-file PATH");
  }
  expect(runKeysCommand(["-h"], { HOME: "/home/x" }).out).toContain(
    "SLUICE_KEYS_FILE, or /home/x/.config/sluice/keys.json",
  );
});

test("keeps its keys in the user's own folder by default", () => {
  const config = path.join(scratch, `config-${files}`);

  runKeysCommand(["add", "alice"], { XDG_CONFIG_HOME: config });
  runKeysCommand(["add", "bob", "--keys-file", file], { XDG_CONFIG_HOME: config });

  expect(readKeysFile(path.join(config, "sluice/keys.json")).keys).toHaveLength(1);
  expect(readKeysFile(file).keys[0]?.name).toBe("bob");
});
