// The audit file: order, rotation, a disk that cannot be written to, and the limit of what waits.

import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AuditFile, AuditFileError } from "../../../src/journal/audit-file.ts";

let folder = "";
let file = "";
const opened: AuditFile[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-audit-"));
  file = path.join(folder, "audit.jsonl");
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
  rmSync(folder, { recursive: true });
});

function open(maxWaitingBytes = 1_000_000) {
  const log = vi.fn<(level: "info" | "error", message: string) => void>();
  const onLost = vi.fn<(lines: number) => void>();
  const audit = new AuditFile({ file, log, onLost, maxWaitingBytes, retryMs: 5 });
  opened.push(audit);
  return { audit, log, onLost };
}

const until = (isMet: () => boolean) => vi.waitUntil(isMet, { timeout: 20_000, interval: 5 });
const linesOf = (name: string) => readFileSync(name, "utf8").split("\n").slice(0, -1);
const has = (name: string, ...lines: string[]) =>
  until(() => statSync(name, { throwIfNoEntry: false })?.size === lines.join("\n").length + 1);

test("appends lines in their order, for its owner only, after what is there", async () => {
  writeFileSync(file, "before\n", { mode: 0o600 });
  const { audit } = open();
  const lines = Array.from({ length: 2_000 }, (_, index) => `line ${index}`);
  for (const line of lines) audit.append(line);
  await audit.close();
  opened.length = 0;

  expect(linesOf(file)).toEqual(["before", ...lines]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("goes on in the new file after logrotate has renamed the old one (create)", async () => {
  const { audit } = open();
  audit.append("one");
  await has(file, "one");
  renameSync(file, `${file}.1`);
  writeFileSync(file, "", { mode: 0o640 });
  audit.append("two");
  await has(file, "two");

  expect(linesOf(`${file}.1`)).toEqual(["one"]);
  expect(linesOf(file)).toEqual(["two"]);
});

test("makes the file again if it was only renamed", async () => {
  const { audit } = open();
  audit.append("one");
  await has(file, "one");
  renameSync(file, `${file}.1`);
  audit.append("two");
  await has(file, "two");

  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("goes on at the beginning after logrotate has cut the file (copytruncate)", async () => {
  const { audit } = open();
  audit.append("one");
  await has(file, "one");
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
  audit.append("two");
  await has(file, "two");

  expect(readFileSync(file, "utf8")).toBe("two\n"); // no zeros where the old lines were
});

test("keeps lines while the file cannot be written, and writes them when it can", async () => {
  const { audit, log, onLost } = open();
  rmSync(file);
  mkdirSync(file); // in the way
  audit.append("one");
  await until(() => log.mock.calls.length > 0);
  audit.append("two");
  rmSync(file, { recursive: true });
  await has(file, "one", "two");

  expect(linesOf(file)).toEqual(["one", "two"]);
  await until(() => log.mock.calls.length === 2);
  expect(log.mock.calls).toEqual([
    ["error", `cannot write to the audit file ${file}: EISDIR; trying again`],
    ["info", `the audit file ${file} is written again; 0 lines were lost`],
  ]);
  expect(onLost).not.toHaveBeenCalled();
});

test("counts the lines that do not fit into its buffer", async () => {
  const { audit, log, onLost } = open(10);
  rmSync(file);
  mkdirSync(file);
  for (const line of ["1234", "5678", "lost", "lost"]) audit.append(line);
  await until(() => log.mock.calls.length === 2);
  rmSync(file, { recursive: true });
  await has(file, "1234", "5678");

  await until(() => log.mock.calls.length === 3);
  expect(onLost.mock.calls).toEqual([[1], [1]]);
  expect(log.mock.calls.map(([, message]) => message)).toEqual([
    `lines of the audit file ${file} are being lost`,
    `cannot write to the audit file ${file}: EISDIR; trying again`,
    `the audit file ${file} is written again; 2 lines were lost`,
  ]);
});

test("a file that cannot be opened prevents the start", () => {
  mkdirSync(file);

  expect(() => open()).toThrow(AuditFileError);
  expect(() => open()).toThrow(`--audit: cannot write to ${file}: EISDIR`);
  rmSync(file, { recursive: true });
});

test("a named pipe that nobody reads is refused at the start, and later loses no line and does not hang the end", async () => {
  const { audit, log } = open();
  audit.append("one");
  await has(file, "one");
  rmSync(file);
  execFileSync("mkfifo", [file]);

  expect(() => open()).toThrow(new AuditFileError(`--audit: cannot write to ${file}: ENXIO`));
  audit.append("two");
  await until(() => log.mock.calls.length > 0);
  expect(log.mock.calls[0]?.[1]).toContain("ENXIO; trying again");
  rmSync(file);
  await has(file, "two");
});
