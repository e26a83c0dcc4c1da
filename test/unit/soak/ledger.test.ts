// The books of a soak: what does not fit is found, and what does is not.

import { expect, test } from "vitest";
import type { Ending } from "../../soak/kinds/player.ts";
import { type Accounts, faultsOf } from "../../soak/report/ledger.ts";

function ending(id: string, ...outcomes: readonly string[]): Ending {
  const times = { startedAtMs: 1_000, endedAtMs: 9_000 };
  return { id, kind: "a", ...times, outcomes, faults: [], isLogged: true };
}

const line = (requestId: string, outcome: string) => ({ requestId, outcome, ttftMs: 1, atMs: 0 });
const counts = (counted: Readonly<Record<string, number>>) => new Map(Object.entries(counted));

function accounts(part: Partial<Accounts>): Accounts {
  return { endings: [], lines: [], counted: new Map(), kills: [], ...part };
}

test("finds nothing where client, log and metrics agree", () => {
  const faults = faultsOf(
    accounts({
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

test("finds what is missing, doubled, different, or nobody's", () => {
  const faults = faultsOf(
    accounts({
      endings: [ending("missing", "stop"), ending("doubled", "stop"), ending("different", "stop")],
      lines: [
        line("doubled", "stop"),
        line("doubled", "stop"),
        line("different", "length"),
        line("nobody's", "stop"),
      ],
      counted: counts({ stop: 2, length: 1 }),
    }),
  );

  expect(faults).toEqual([
    "missing: 0 lines in the log: ",
    "doubled: 2 lines in the log: stop,stop",
    "different: the log says length, its client stop",
    "nobody's: in the log (stop), and nobody asked it",
    "stop: 3 in the log, 2 in the metrics",
  ]);
});

test("keeps what the client found wrong", () => {
  const wrong = { ...ending("1", "stop"), faults: ["its text is wrong"] };

  expect(
    faultsOf(
      accounts({ endings: [wrong], lines: [line("1", "stop")], counted: counts({ stop: 1 }) }),
    ),
  ).toEqual(["1: its text is wrong"]);
});

test.each([
  ["was in company once", 0, ["SIGSEGV"], false],
  ["was in company once, and alone once", 0, ["SIGKILL", "SIGSEGV"], true],
  ["was that where another had crashed shortly before", 1, ["SIGKILL", "SIGSEGV"], false],
  ["was alone three times where others had", 5, ["SIGSEGV", "SIGSTOP", "SIGSEGV", "SIGSTOP"], true],
  ["was killed from outside alone, twice", 0, ["SIGKILL", "SIGKILL", "SIGKILL"], false],
  [
    "was killed from outside alone, three times",
    0,
    ["SIGSEGV", "SIGKILL", "SIGKILL", "SIGKILL"],
    true,
  ],
])("a request that %s: refused with reason, or not", (_, earlier, ways, isExplained) => {
  const kills = [
    ...Array.from({ length: earlier }, () => ({ way: "SIGSEGV", atMs: 500 })),
    ...ways.map((way) => ({ way, atMs: 5_000 })),
    { way: "SIGSEGV", atMs: 20_000 },
  ];
  const faults = faultsOf(
    accounts({
      endings: [ending("1", "worker_crashed")],
      lines: [line("1", "worker_crashed")],
      counted: counts({ worker_crashed: 1 }),
      kills,
    }),
  );

  expect(faults).toEqual(isExplained ? [] : [`1: refused after ${ways}`]);
});
