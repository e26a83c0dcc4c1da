// A file that fails its check must never reach the library, so every kind of damage is tried.

import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  DamagedFileError,
  decryptFile,
  encryptFile,
  readHeader,
} from "../../../../src/worker/cache/disk-files.ts";

const KEY = Buffer.alloc(32, 7);
const STATE = Buffer.from(Array.from({ length: 2 ** 21 + 77 }, (_, at) => (at * 31) % 251)); // 3 chunks
const HEADER = { modelKey: "m", hashes: ["a", "b"], tokens: 130, stateBytes: STATE.length };

let folder = "";
const at = (name: string) => path.join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-disk-"));
  writeFileSync(at("state"), STATE);
  encryptFile(at("state"), at("whole"), HEADER, KEY);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("an encrypted state comes back, and its header can be read alone", () => {
  decryptFile(at("whole"), at("back"), KEY);

  expect(readFileSync(at("back")).equals(STATE)).toBe(true);
  expect(readHeader(at("whole"), KEY)).toEqual(HEADER);
});

test("the files are readable by their owner only, and show neither state nor header", () => {
  expect(statSync(at("whole")).mode & 0o077).toBe(0);
  expect(statSync(at("back")).mode & 0o077).toBe(0);
  const text = readFileSync(at("whole")).toString("latin1");
  expect(text).not.toContain("modelKey");
  expect(text.includes(STATE.subarray(0, 64).toString("latin1"))).toBe(false);
});

test("equal states give different files", () => {
  encryptFile(at("state"), at("again"), HEADER, KEY);

  expect(readFileSync(at("again")).equals(readFileSync(at("whole")))).toBe(false);
});

test("an empty state is possible", () => {
  writeFileSync(at("empty state"), "");
  encryptFile(at("empty state"), at("empty"), { ...HEADER, stateBytes: 0 }, KEY);
  decryptFile(at("empty"), at("empty back"), KEY);

  expect(statSync(at("empty back")).size).toBe(0);
});

test("a state that is shorter than its header says is not stored", () => {
  const longer = { ...HEADER, stateBytes: STATE.length + 1 };

  expect(() => encryptFile(at("state"), at("short"), longer, KEY)).toThrow(DamagedFileError);
  expect(() => statSync(at("short"))).toThrow();
  expect(() => statSync(at("short.new"))).toThrow();
});

const LENGTH = 8 + 16; // where the length of the header is

test.each([
  ["no file of ours", () => writeFileSync(at("bad"), "a text that is longer than the magic word")],
  ["an empty file", () => writeFileSync(at("bad"), "")],
  ["a changed byte in the salt", () => flip(10)],
  ["a changed length of the header", () => flip(LENGTH)],
  ["a huge length of the header", () => flip(LENGTH + 3)],
  ["a changed byte in the header", () => flip(LENGTH + 10)],
])("%s is refused before anything is decrypted", (_what, damage) => {
  damage();
  expect(() => readHeader(at("bad"), KEY)).toThrow(DamagedFileError);
  expect(() => decryptFile(at("bad"), at("out"), KEY)).toThrow(DamagedFileError);
});

test.each([
  ["a changed byte in the middle", () => flip(2 ** 20)],
  ["a changed last byte", () => flip(-1)],
  ["a cut end", () => cut(1)],
  ["a missing chunk", () => cut(77 + 16)],
  ["an added byte", () => writeFileSync(at("bad"), Buffer.concat([whole(), Buffer.from("x")]))],
  ["swapped chunks", swapChunks],
])("%s is refused", (_what, damage) => {
  damage();
  expect(() => decryptFile(at("bad"), at("out"), KEY)).toThrow(DamagedFileError);
});

test("a file of another key is refused", () => {
  expect(() => readHeader(at("whole"), Buffer.alloc(32, 8))).toThrow(DamagedFileError);
});

function whole(): Buffer {
  return readFileSync(at("whole"));
}

function flip(offset: number): void {
  const bytes = whole();
  const index = (offset + bytes.length) % bytes.length;
  bytes[index] = (bytes[index] ?? 0) ^ 0xff;
  writeFileSync(at("bad"), bytes);
}

function cut(count: number): void {
  writeFileSync(at("bad"), whole());
  truncateSync(at("bad"), whole().length - count);
}

function swapChunks(): void {
  const bytes = whole();
  const sealed = 2 ** 20 + 16;
  const first = bytes.length - 2 * sealed - 77 - 16;
  const [one, two] = [0, 1].map((chunk) =>
    Buffer.from(bytes.subarray(first + chunk * sealed, first + (chunk + 1) * sealed)),
  ) as [Buffer, Buffer];
  two.copy(bytes, first);
  one.copy(bytes, first + sealed);
  writeFileSync(at("bad"), bytes);
}
