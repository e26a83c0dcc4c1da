// The file of --api-key-file.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { KeysFileError } from "../../../src/keys/keys-file.ts";
import { readPlainKeys } from "../../../src/keys/plain-keys-file.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "sluice-plain-keys-"));
const file = path.join(scratch, "key");
afterAll(() => rmSync(scratch, { recursive: true }));

test.each([
  ["secret", ["secret"]],
  ["secret\n", ["secret"]],
  ["\uFEFFfirst\r\n\r\n  second  \r\n", ["first", "second"]],
  ["with,comma\n", ["with,comma"]],
])("%j has the keys %j", (text, keys) => {
  writeFileSync(file, text);

  expect(readPlainKeys(file)).toEqual(keys);
});

test.each([
  ["", `the API key file ${file} is empty; write one key a line into it`],
  [" \n\n", `the API key file ${file} is empty; write one key a line into it`],
  [
    "fine\ntwo words\n",
    `the API key file ${file} has no key in line 2: allowed are printable ASCII characters without spaces`,
  ],
])("refuses %j, without showing a line", (text, message) => {
  writeFileSync(file, text);

  expect(() => readPlainKeys(file)).toThrow(new KeysFileError(message));
});

test("names a file that cannot be read", () => {
  expect(() => readPlainKeys("/nowhere/key")).toThrow(
    new KeysFileError("cannot read the API key file /nowhere/key: ENOENT"),
  );
});
