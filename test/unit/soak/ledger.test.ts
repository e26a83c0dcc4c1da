// The ledger of a soak: mismatches are found, and matches are accepted.

import { expect, test } from "vitest";
import type { Ending } from "../../soak/kinds/soak-client.ts";
import { faultsOf, type Ledger } from "../../soak/report/ledger.ts";

function ending(id: string, ...outcomes: readonly string[]): Ending {
  const times = { startedAtMs: 1_000, endedAtMs: 9_000 };
  return { id, kind: "a", ...times, outcomes, faults: [], isLogged: true };
}

const line = (requestId: string, outcome: string) => ({ requestId, outcome, ttftMs: 1, atMs: 0 });
const counts = (counted: Readonly<Record<string, number>>) => new Map(Object.entries(counted));

function ledger(part: Partial<Ledger>): Ledger {
  return { endings: [], lines: [], counted: new Map(), kills: [], ...part };
}

test("finds nothing if client, log and metrics agree", () => {
  const faults = faultsOf(
    ledger({
      endings: [
        ending("1", "stop"),
        ending("2", "aborted", "stop"),
        { ...ending("3"), isLogged: false },
      ],
      lines: [line("1", "stop"), line("2", "aborted")],
      counted: counts({ stop: 1, aborted: 1 }),
    }),
  );

  expect(faults).toEqual([]);
});

test("finds missing, duplicate, different and unknown requests", () => {
  const faults = faultsOf(
    ledger({
      endings: [ending("missing", "stop"), ending("doubled", "stop"), ending("different", "stop")],
      lines: [
        line("doubled", "stop"),
        line("doubled", "stop"),
        line("different", "length"),
        line("unknown", "stop"),
      ],
      counted: counts({ stop: 2, length: 1 }),
    }),
  );

  expect(faults).toEqual([
    "missing: 0 log lines: ",
    "doubled: 2 log lines: stop,stop",
    "different: the log has length, its client saw stop",
    "unknown: in the log (stop), but sent by no client",
    "stop: 3 in the log, 2 in the metrics",
  ]);
});

test("keeps the faults that the client found", () => {
  const wrong = { ...ending("1", "stop"), faults: ["its text is wrong"] };

  expect(
    faultsOf(
      ledger({ endings: [wrong], lines: [line("1", "stop")], counted: counts({ stop: 1 }) }),
    ),
  ).toEqual(["1: its text is wrong"]);
});

test.each([
  ["was in one crash with others", 0, ["SIGSEGV"], false],
  ["was in one crash with others and in one alone", 0, ["SIGKILL", "SIGSEGV"], true],
  ["was in such crashes shortly after another crash", 1, ["SIGKILL", "SIGSEGV"], false],
  [
    "was alone in three crashes after crashes of others",
    5,
    ["SIGSEGV", "SIGSTOP", "SIGSEGV", "SIGSTOP"],
    true,
  ],
  ["was alone in two kills from outside", 0, ["SIGKILL", "SIGKILL", "SIGKILL"], false],
  ["was alone in three kills from outside", 0, ["SIGSEGV", "SIGKILL", "SIGKILL", "SIGKILL"], true],
])("a request that %s: whether refusing it is justified", (_, earlier, ways, isExplained) => {
  const kills = [
    ...Array.from({ length: earlier }, () => ({ way: "SIGSEGV", atMs: 500 })),
    ...ways.map((way) => ({ way, atMs: 5_000 })),
    { way: "SIGSEGV", atMs: 20_000 },
  ];
  const faults = faultsOf(
    ledger({
      endings: [ending("1", "worker_crashed")],
      lines: [line("1", "worker_crashed")],
      counted: counts({ worker_crashed: 1 }),
      kills,
    }),
  );

  expect(faults).toEqual(isExplained ? [] : [`1: refused after ${ways}`]);
});
