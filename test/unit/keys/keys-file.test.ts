// The keys file: its format, how it is written, and the errors for invalid files.

import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { NO_LIMITS } from "../../../src/keys/caller.ts";
import {
  changeKeysFile,
  type KeyEntry,
  KeysFileError,
  readKeysFile,
} from "../../../src/keys/keys-file.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "sluice-keys-"));
let folders = 0;
let file = "";
beforeEach(() => {
  folders += 1;
  const folder = path.join(scratch, `${folders}`);
  mkdirSync(folder);
  file = path.join(folder, "keys.json");
});
afterAll(() => rmSync(scratch, { recursive: true }));

function entry(name: string, changes: Partial<KeyEntry> = {}): KeyEntry {
  const sha256 = Buffer.from(name.padEnd(32)).toString("hex");
  const created = "2026-01-02T03:04:05.000Z";
  const rest = { limits: NO_LIMITS, expires: null, models: null, group: null };
  return { name, sha256, scopes: ["generate"], created, ...rest, ...changes };
}

function changeKeys(
  target: string,
  change: (keys: readonly KeyEntry[]) => readonly KeyEntry[],
): void {
  changeKeysFile(target, ({ keys, groups }) => ({ groups, keys: change(keys) }));
}

function write(...keys: readonly object[]): void {
  writeFileSync(file, JSON.stringify({ version: 1, keys }));
}

test("stores the keys readable only for the file's owner", () => {
  const limits = { ...NO_LIMITS, concurrent: 2, waiting: 0, tokensPerMinute: 6_000 };
  changeKeys(file, () => [entry("alice", { limits })]);
  changeKeys(file, (entries) => [...entries, entry("bob")]);

  expect(readKeysFile(file).keys).toEqual([entry("alice", { limits }), entry("bob")]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(path.dirname(file))).toEqual(["keys.json"]);
});

test("creates missing parent folders", () => {
  const deep = path.join(path.dirname(file), "a/b/keys.json");

  changeKeys(deep, () => [entry("alice")]);

  expect(readKeysFile(deep).keys).toHaveLength(1);
  expect(statSync(path.dirname(deep)).mode & 0o777).toBe(0o700);
});

test("leaves the file unchanged when a change fails", () => {
  write(entry("alice"));
  const before = readFileSync(file, "utf8");

  const fail = () =>
    changeKeys(file, () => {
      throw new KeysFileError("no");
    });

  expect(fail).toThrow("no");
  expect(() => changeKeys(file, () => [entry("a"), entry("a")])).toThrow("same name");
  expect(readFileSync(file, "utf8")).toBe(before);
  expect(readdirSync(path.dirname(file))).toEqual(["keys.json"]);
});

test("changes the target of a link, and keeps the link", () => {
  const link = path.join(path.dirname(file), "link.json");
  write(entry("alice"));
  symlinkSync(file, link);

  changeKeys(link, (entries) => [...entries, entry("bob")]);

  expect(readKeysFile(file).keys.map(({ name }) => name)).toEqual(["alice", "bob"]);
});

test("refuses a change while another one is in progress", () => {
  writeFileSync(`${file}.new`, "");

  expect(() => changeKeys(file, () => [])).toThrow(/another command is changing the keys/);
});

test("reports a missing file and the command that creates it", () => {
  expect(() => readKeysFile(file)).toThrow(
    `there is no keys file ${file}; create it with: sluice keys add NAME --keys-file ${file}`,
  );
  expect(() => readKeysFile(file, "npm start --")).toThrow(
    `create it with: npm start -- keys add NAME --keys-file ${file}`,
  );
});

test("reports why it cannot be read or written", () => {
  const folder = path.dirname(file);
  expect(() => readKeysFile(folder)).toThrow(`cannot use the keys file ${folder}: EISDIR`);

  if (process.getuid?.() === 0) return; // root may write everywhere
  chmodSync(folder, 0o500);
  expect(() => changeKeys(file, () => [])).toThrow("EACCES");
});

test.runIf(process.getuid?.() === 0)("root leaves the file to its owner", () => {
  const owner = (target: string) => [statSync(target).uid, statSync(target).gid];
  chownSync(path.dirname(file), 65_533, 65_532);
  changeKeys(file, () => [entry("alice")]); // a new file: its folder's owner
  expect(owner(file)).toEqual([65_533, 65_532]);

  chownSync(file, 65_531, 65_530);
  changeKeys(file, (entries) => [...entries, entry("bob")]);
  expect(owner(file)).toEqual([65_531, 65_530]);
});

test("skips a byte order mark", () => {
  writeFileSync(file, `\uFEFF${JSON.stringify({ version: 1, keys: [entry("alice")] })}`);

  expect(readKeysFile(file).keys).toMatchObject([{ name: "alice" }]);
});

test.each<[string, string, string]>([
  ["no JSON", "{ secret", "is not valid JSON"],
  ["another version", '{"version":3,"keys":[]}', "version"],
  ["an unknown field", '{"version":1,"keys":[],"x":1}', "x"],
  ["no list", '{"version":1,"keys":{}}', "keys"],
])("refuses a file with %s, and does not quote it", (_what, text, expected) => {
  writeFileSync(file, text);
  const read = () => readKeysFile(file);

  expect(read).toThrow(KeysFileError);
  expect(read).toThrow(expected);
  expect(read).toThrow(`the keys file ${file} is not`);
  expect(read).not.toThrow("secret");
});

test.each<[string, readonly object[], string]>([
  ["a hash that is none", [entry("a", { sha256: "abc" })], "keys.0.sha256"],
  ["no scope", [entry("a", { scopes: [] })], "keys.0.scopes"],
  ["an unknown scope", [{ ...entry("a"), scopes: ["all"] }], "keys.0.scopes.0"],
  ["a limit of 0", [entry("a", { limits: { ...NO_LIMITS, concurrent: 0 } })], "limits.concurrent"],
  ["an unknown limit", [{ ...entry("a"), limits: { tokens: 1 } }], "tokens"],
  ["a name with a space", [entry("a b")], "keys.0.name"],
  ["the name of a plain key", [entry("key-1")], "--api-key"],
  ["two keys of one name", [entry("a"), entry("a", { sha256: "0".repeat(64) })], "same name"],
  ["a group that is not there", [entry("a", { group: "x" })], "keys.0.group: there is no group x"],
  ["a key without models", [entry("a", { models: [] })], "keys.0.models"],
  ["one key twice", [entry("a"), { ...entry("a"), name: "b" }], "two keys are the same"],
])("refuses a file with %s", (_what, keys, expected) => {
  write(...keys);

  expect(() => readKeysFile(file)).toThrow(expected);
});

test("treats missing limits as no limits", () => {
  write({ ...entry("a"), limits: { waiting: 3 } });

  expect(readKeysFile(file).keys[0]?.limits).toEqual({ ...NO_LIMITS, waiting: 3 });
});
