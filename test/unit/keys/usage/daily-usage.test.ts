// Usage by day: what is added up, what is forgotten, and the limit of owners.

import { expect, test, vi } from "vitest";
import { ANONYMOUS, type Caller } from "../../../../src/keys/caller.ts";
import { DailyUsage, OTHERS } from "../../../../src/keys/usage/daily-usage.ts";

const alice: Caller = { ...ANONYMOUS, owner: "a", name: "alice" };
const USAGE = { promptTokens: 10, cachedTokens: 4, completionTokens: 3 };
const NOTHING = { requests: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0 };

function open(day: string, keepDays = 400) {
  const clock = { nowMs: Date.parse(`${day}T12:00:00Z`) };
  const usage = new DailyUsage({ keepDays, now: () => clock.nowMs });
  const goTo = (other: string) => {
    clock.nowMs = Date.parse(other.includes("T") ? other : `${other}T12:00:00Z`);
  };
  return { usage, goTo };
}

test("has one entry for each day and key, and their sum", () => {
  const { usage, goTo } = open("2027-01-31");
  usage.add(alice, USAGE);
  usage.spend("a", 9);
  goTo("2027-02-01T00:00:00Z");
  usage.add(alice, USAGE);
  usage.add(alice, null);

  const counted = { owner: "a", name: "alice", ...USAGE };
  expect(usage.between("2027-01-01", "2027-12-31")).toEqual([
    { day: "2027-01-31", ...counted, requests: 1, spentTokens: 9 },
    { day: "2027-02-01", ...counted, requests: 2, spentTokens: 0 },
  ]);
  expect(usage.between("2027-02-01", "2027-02-01")).toHaveLength(1);
  expect(usage.totalOf("a")).toEqual({
    requests: 3,
    promptTokens: 20,
    cachedTokens: 8,
    completionTokens: 6,
  });
  expect(usage.totalOf("b")).toEqual(NOTHING);
  expect(usage.firstDay).toBe("2027-01-31");
});

test("forgets the days that are too old when a new day begins", () => {
  const { usage, goTo } = open("2027-01-01", 2);
  for (const day of ["2027-01-01", "2027-01-02", "2027-01-03"]) {
    goTo(day);
    usage.add(alice, USAGE);
  }

  expect(usage.between("", "9").map(({ day }) => day)).toEqual(["2027-01-02", "2027-01-03"]);
  expect(usage.totalOf("a").requests).toBe(2);
});

test("counts the owners beyond the limit of a day as one", () => {
  const { usage } = open("2027-01-01");
  for (let owner = 0; owner < 6_000; owner += 1)
    usage.add({ ...alice, owner: `${owner}`, name: `${owner}` }, USAGE);

  const entries = usage.of("2027-01-01");
  expect(entries).toHaveLength(5_001);
  expect(entries.at(-1)).toMatchObject({ owner: OTHERS, name: OTHERS, requests: 1_000 });
});

test("names a group, which has spent tokens but no requests", () => {
  const { usage } = open("2027-01-01");
  usage.spend("group:lab", 2.5);

  expect(usage.of("2027-01-01")).toEqual([
    { ...NOTHING, owner: "group:lab", name: "group:lab", spentTokens: 2.5 },
  ]);
});

test("says which day has changed", () => {
  const { usage } = open("2027-01-01");
  const onChange = vi.fn();
  usage.onChange = onChange;

  usage.add(alice, USAGE);
  usage.spend("a", 5);

  expect(onChange.mock.calls).toEqual([["2027-01-01"], ["2027-01-01"]]);
});
