// The usage folder: what a restart finds, and what happens when the folder cannot be used.

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ANONYMOUS, type Caller } from "../../../../src/keys/caller.ts";
import { DailyUsage } from "../../../../src/keys/usage/daily-usage.ts";
import { UsageFolder, UsageFolderError } from "../../../../src/keys/usage/usage-folder.ts";
import { dayOf } from "../../../../src/keys/usage/utc-day.ts";

const alice: Caller = { ...ANONYMOUS, owner: "a", name: "alice" };
const USAGE = { promptTokens: 10, cachedTokens: 4, completionTokens: 3 };
const NOON = Date.parse("2027-06-15T12:00:00Z");
const TODAY = "2027-06-15.json";
const NO_PROCESS = 2 ** 22 + 1; // above the largest pid of Linux

let folder = "";
const opened: UsageFolder[] = [];
beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), "sluice-usage-")), "usage");
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
  rmSync(path.dirname(folder), { recursive: true });
});

function open({ keepDays = 400, nowMs = NOON } = {}) {
  const log = vi.fn<(level: "info" | "warn" | "error", message: string) => void>();
  const usage = new DailyUsage({ keepDays, now: () => nowMs });
  const kept = new UsageFolder({ folder, usage, log, saveEveryMs: 5 });
  opened.push(kept);
  return { usage, log, close: () => kept.close() };
}

const until = (isMet: () => boolean) => vi.waitUntil(isMet, { timeout: 20_000, interval: 5 });
const fileOf = (name: string) => path.join(folder, name);
const requestsIn = (name: string) =>
  JSON.parse(readFileSync(fileOf(name), "utf8")).keys[0].requests;
const hasSaved = (requests: number) => () =>
  readdirSync(folder).includes(TODAY) && requestsIn(TODAY) === requests;

/** What a process that was killed leaves behind: its lock. */
function leaveLock(changes: object = {}, ageMs = 0): void {
  mkdirSync(folder, { recursive: true });
  const lock = { id: "x", pid: NO_PROCESS, host: hostname(), startedAtMs: 0, ...changes };
  writeFileSync(fileOf("lock"), JSON.stringify(lock));
  const seconds = (Date.now() - ageMs) / 1000;
  utimesSync(fileOf("lock"), seconds, seconds);
}

test("a restart continues with what was counted", async () => {
  const first = open();
  first.usage.add(alice, USAGE);
  first.usage.spend("a", 9);
  await first.close();

  const second = open();
  second.usage.add(alice, USAGE);

  expect(second.usage.totalOf("a").requests).toBe(2);
  expect(second.usage.spentToday("a")).toBe(9);
  expect(second.usage.of("2027-06-15")).toMatchObject([{ owner: "a", name: "alice" }]);
  expect(statSync(fileOf(TODAY)).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test("changes are saved soon, so that a killed process loses little", async () => {
  const { usage } = open();
  usage.add(alice, USAGE);

  await until(hasSaved(1));
  usage.add(alice, USAGE);
  await until(hasSaved(2));
  expect(readdirSync(folder).sort()).toEqual([TODAY, "lock"]);
});

test.each<[string, object, number]>([
  ["a process that is gone", {}, 0],
  ["an earlier process with the same pid, as in a container", { pid: process.pid }, 0],
  ["a machine that was silent for too long", { host: "other" }, 31_000],
])("the lock of %s is taken over", (_what, holder, ageMs) => {
  leaveLock(holder, ageMs);

  const { log } = open();

  expect(log).not.toHaveBeenCalled();
  expect(JSON.parse(readFileSync(fileOf("lock"), "utf8"))).toMatchObject({ pid: process.pid });
});

test("a second process counts in memory, and adds that to the folder when the first one has ended", async () => {
  const first = open();
  const second = open();
  first.usage.add(alice, USAGE);
  second.usage.add(alice, USAGE);
  second.usage.add(alice, USAGE);

  expect(second.log.mock.calls).toEqual([
    ["error", expect.stringMatching(/^process \d+ on .* uses the usage folder .* in memory only/)],
  ]);
  expect(second.usage.totalOf("a").requests).toBe(2);
  await first.close();
  await until(hasSaved(3));
  expect(second.usage.totalOf("a").requests).toBe(3);
  await until(() => second.log.mock.calls.length > 1);
  expect(second.log).toHaveBeenLastCalledWith("info", `usage is saved in ${folder} again`);
});

test("the lock of another machine is respected while it is renewed", () => {
  leaveLock({ host: "other" }, 1_000);

  expect(open().log).toHaveBeenCalledWith("error", expect.stringContaining("on other uses"));
});

test("a process whose lock was taken over does not write any more", async () => {
  const { usage, log } = open();
  leaveLock({ id: "another" });
  usage.add(alice, USAGE);

  await until(() => log.mock.calls.length > 0);
  expect(log.mock.calls[0]?.[1]).toContain("another process has taken over the usage folder");
  expect(readdirSync(folder)).toEqual(["lock"]);
});

test("a disk that cannot be written to is told once, and saved to later", async () => {
  const { usage, log } = open();
  mkdirSync(fileOf(`${TODAY}.new`)); // in the way of the temporary file
  usage.add(alice, USAGE);
  await until(() => log.mock.calls.length > 0);
  const ofProblem = log.mock.calls.length;
  usage.add(alice, USAGE);
  rmSync(fileOf(`${TODAY}.new`), { recursive: true });

  await until(hasSaved(2));
  expect(ofProblem).toBe(1);
  expect(log.mock.calls[0]?.[1]).toMatch(
    /cannot save the usage in .*: E\w+; usage is counted in m/,
  );
  await until(() => log.mock.calls.length === 2);
  expect(log.mock.calls[1]).toEqual(["info", `usage is saved in ${folder} again`]);
});

test.each([
  ["cut", '{"version":1,"keys":[{"owner":"a"'],
  ["of another version", '{"version":9,"keys":[]}'],
])("a file that is %s is kept aside, and the others are counted", async (_what, text) => {
  const first = open();
  first.usage.add(alice, USAGE);
  await first.close();
  writeFileSync(fileOf("2027-06-14.json"), text);

  const { usage, log } = open();

  expect(usage.totalOf("a").requests).toBe(1);
  const [aside = ""] = readdirSync(folder).filter((name) => name.includes("damaged"));
  expect(aside).toMatch(/^2027-06-14\.json\.damaged-\d+$/);
  expect(readFileSync(fileOf(aside), "utf8")).toBe(text);
  expect(log.mock.calls).toEqual([["error", expect.stringContaining(`it is kept as ${aside}`)]]);
});

test("files of days that are too old are removed, and no others", async () => {
  const first = open({ nowMs: Date.parse("2027-06-01T12:00:00Z") });
  first.usage.add(alice, USAGE);
  await first.close();
  writeFileSync(fileOf("notes.txt"), "");

  const { usage } = open({ keepDays: 3 });
  usage.add(alice, USAGE);

  await until(() => !readdirSync(folder).includes("2027-06-01.json"));
  expect(usage.totalOf("a").requests).toBe(1);
  expect(readdirSync(folder)).toContain("notes.txt");
});

test("a folder that cannot be made prevents the start", () => {
  writeFileSync(folder, "a file");

  expect(() => open()).toThrow(UsageFolderError);
  expect(() => open()).toThrow(
    /cannot use the usage folder .*: EEXIST; name another one with --usage/,
  );
});

test("days are those of the calendar in UTC", () => {
  expect(dayOf(Date.parse("2028-02-29T23:59:59.999Z"))).toBe("2028-02-29");
  expect(dayOf(Date.parse("2027-12-31T23:00:00-02:00"))).toBe("2028-01-01");
});
