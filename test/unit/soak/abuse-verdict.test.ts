// What counts as a fault of the server after an abuse run, and what does not.

import { describe, expect, test } from "vitest";
import type { AbuseRecord } from "../../soak/abuse-run/abusers.ts";
import type { HonestAnswer } from "../../soak/abuse-run/honest-clients.ts";
import {
  abusesAt,
  faultsOfAbuses,
  faultsOfAccidents,
  faultsOfAnswers,
  faultsOfComplaints,
  faultsOfLateness,
  faultsOfLeftovers,
  faultsOfMemory,
  faultsOfSilence,
  minimumPerWindow,
  silences,
} from "../../soak/abuse-run/verdict.ts";
import type { Probe } from "../../soak/abuse-run/watcher.ts";

const answer = (changes: Partial<HonestAnswer> = {}): HonestAnswer => ({
  client: "honest-1",
  atMs: 5_000,
  ttftMs: 20,
  fault: null,
  ...changes,
});
const probe = (changes: Partial<Probe> = {}): Probe => ({
  atMs: 5_000,
  ms: 2,
  starvedMs: 0,
  fault: null,
  ...changes,
});
const times = <T>(count: number, each: T): T[] => Array.from({ length: count }, () => each);

describe("honest answers", () => {
  test("are no fault if right; the first wrong one is reported", () => {
    const bad = answer({ fault: "it was refused: 429 full" });

    expect(faultsOfAnswers([answer(), answer()])).toEqual([]);
    expect(faultsOfAnswers([answer(), bad, answer({ client: "honest-2" }), bad])).toEqual([
      "honest-1: 2 of 3 answers are wrong; the first one at 5.0 s: it was refused: 429 full",
    ]);
  });

  test("may take three times as long, or a little longer", () => {
    const alone = times(20, answer({ ttftMs: 100 }));

    expect(faultsOfLateness(alone, times(20, answer({ ttftMs: 290 })))).toEqual([]);
    expect(faultsOfLateness(times(20, answer()), times(20, answer({ ttftMs: 160 })))).toEqual([]);
    expect(faultsOfLateness(alone, times(20, answer({ ttftMs: 310 })))).toEqual([
      "honest-1: TTFT p95 is 310 ms beside the abuse, and 100 ms alone; the limit is 300 ms",
    ]);
  });

  test("are compared per client, and an occasional late one is no fault", () => {
    const alone = [answer(), answer({ client: "honest-2", ttftMs: 400 })];
    const beside = [
      ...times(40, answer()),
      answer({ ttftMs: 9_000 }),
      answer({ client: "honest-2", ttftMs: 500 }),
    ];

    expect(faultsOfLateness(alone, beside)).toEqual([]);
  });
});

describe("the silence of /health", () => {
  test("counts for every tenth of a second", () => {
    expect(silences([probe({ ms: 350 }), probe({ ms: 2 })])).toEqual([350, 250, 150, 50, 2]);
  });

  test("is no fault if rare and short", () => {
    expect(faultsOfSilence([...times(1_000, probe()), probe({ ms: 600 })])).toEqual([]);
  });

  test("is a fault if long, frequent or endless", () => {
    const usual = times(1_000, probe());

    expect(faultsOfSilence([...usual, probe({ ms: 1_100 })])).toEqual([
      "/health was silent for 1100 ms at 5.0 s; the limit is 1000 ms",
    ]);
    expect(faultsOfSilence([...usual, ...times(20, probe({ ms: 400 }))])).toEqual([
      expect.stringMatching(/^\/health is silent for over 200 ms too often: p99 is \d+ ms$/),
    ]);
    expect(faultsOfSilence([...usual, probe({ fault: "/health answered 503" })])).toEqual([
      "1 of 1001 probes failed; the first one at 5.0 s: /health answered 503",
    ]);
  });

  test("is not the server's fault if it had no CPU", () => {
    const starved = [...times(1_000, probe()), probe({ ms: 3_000, starvedMs: 2_500 })];

    expect(faultsOfSilence(starved)).toEqual([]);
  });
});

describe("leftovers at the end", () => {
  const nothing = { busy: 0, waiting: 0, listed: [], files: { socket: 12, pipe: 18 } };

  test("may be a few open files", () => {
    expect(faultsOfLeftovers({ files: { socket: 10, pipe: 18 } }, nothing)).toEqual([]);
  });

  test("are each reported", () => {
    const rest = { busy: 2, waiting: 1, listed: ["a", "b"], files: { socket: 62, pipe: 28 } };

    expect(faultsOfLeftovers({ files: { socket: 0, pipe: 28 } }, rest)).toEqual([
      "2 slots are still busy at the end",
      "1 requests still wait at the end",
      "2 requests are still listed at the end, such as a",
      "the server has 90 open files at the end and had 28 at the start: 62 more of socket",
    ]);
  });

  test("may be memory up to 1.3 times the initial amount plus 30 MB", () => {
    expect(faultsOfMemory(100, 160)).toEqual([]);
    expect(faultsOfMemory(100, 161)).toEqual([
      "the server uses 161 MB at the end and used 100 MB before the abuse; the limit is 160 MB",
    ]);
  });
});

test("worker restarts and uncaught errors are faults", () => {
  expect(faultsOfAccidents({ restarts: 0, uncaught: null, zombies: 0 })).toEqual([]);
  expect(faultsOfAccidents({ restarts: 0, uncaught: 0, zombies: 0 })).toEqual([]);
  expect(faultsOfAccidents({ restarts: 2, uncaught: 1, zombies: 1 })).toHaveLength(3);
});

test("a stack trace is one complaint, and the number of repeated log lines is limited", () => {
  const lines = ["stderr: Error: x", "stderr:     at y", "stderr: "];
  const logged = Array.from({ length: 14 }, (_, index) => `log: ${index}`);

  expect(faultsOfComplaints(lines)).toEqual([
    "the server wrote to standard error: Error: x / at y",
  ]);
  const faults = faultsOfComplaints([...lines, ...logged]);
  expect(faults).toHaveLength(14);
  expect(faults.at(-1)).toBe("there are 2 more errors in the server's log");
});

const record = (name: string, fromMs: number, toMs: number, notes = {}): AbuseRecord => ({
  name,
  route: "nginx",
  fromMs,
  toMs,
  notes,
});

test("a 500 answer to abuse is reported once per kind", () => {
  const abuses = [
    record("a", 0, 1, { "500": 2 }),
    record("a", 2, 3, { "500": 1 }),
    record("b", 0, 1),
  ];

  expect(faultsOfAbuses(abuses)).toEqual(['"a" was answered with 500']);
});

test("running abuses are found, the latest start first", () => {
  const abuses = [
    record("over", 0, 1_000),
    record("long", 0, Number.POSITIVE_INFINITY),
    record("just over", 8_000, 9_000),
    record("late", 12_000, 13_000),
  ];

  expect(abusesAt(abuses, 10_000, 11_000)).toEqual(["just over (nginx)", "long (nginx)"]);
});

test("memory is the minimum of each time window", () => {
  const sample = { workerMb: Number.NaN, descriptors: 1, zombies: 0, busy: 0, waiting: 0 };
  const samples = Array.from({ length: 40 }, (_, index) => ({
    ...sample,
    tokensOut: 0,
    atMs: index,
    heapMb: 50 - (index % 2),
    serverMb: 100 + 500 * (index % 2),
  }));

  const least = minimumPerWindow(samples);

  expect(least).toHaveLength(20);
  expect(least.every(({ serverMb, heapMb }) => serverMb === 100 && heapMb === 49)).toBe(true);
});
