// What the clients saw beside what the server says: every request has ended exactly once, in the same way for both.

import type { Ending } from "../kinds/player.ts";

/** What is read of a log line of a request. */
export type RequestLine = {
  readonly requestId: string;
  readonly outcome: string;
  /** From its arrival to its first text; null without one. */
  readonly ttftMs: number | null;
  /** When it was read. */
  readonly atMs: number;
};

/** A worker was killed, and was gone at this time. */
export type Kill = { readonly atMs: number; readonly way: string };

export type Accounts = {
  readonly endings: readonly Ending[];
  readonly lines: readonly RequestLine[];
  /** `sluice_requests_total`, by outcome. */
  readonly counted: ReadonlyMap<string, number>;
  readonly kills: readonly Kill[];
};

/** A kill is known here a little before or after its request hears of it. */
const SLACK_MS = 100;
/** As in src/engine/crashes.ts. */
const MOST_CRASHES = 10;
const MOST_ALONE = 3;
/** As in src/engine/worker-process.ts. */
const STABLE_AFTER_MS = 60_000;

/** What does not fit. */
export function faultsOf(accounts: Accounts): readonly string[] {
  return [...faultsOfEndings(accounts), ...faultsOfLines(accounts), ...faultsOfCounts(accounts)];
}

function faultsOfEndings({ endings, lines, kills }: Accounts): readonly string[] {
  const loggedById = new Map<string, string[]>();
  for (const { requestId, outcome } of lines)
    loggedById.set(requestId, [...(loggedById.get(requestId) ?? []), outcome]);
  return endings.flatMap((ending) => {
    const { id, outcomes, faults, isLogged } = ending;
    const logged = loggedById.get(id) ?? [];
    const found = faults.map((fault) => `${id}: ${fault}`);
    if (logged.length !== (isLogged ? 1 : 0))
      found.push(`${id}: ${logged.length} lines in the log: ${logged}`);
    const strange = logged.filter((outcome) => outcomes.length > 0 && !outcomes.includes(outcome));
    for (const outcome of strange)
      found.push(`${id}: the log says ${outcome}, its client ${outcomes}`);
    if (logged.includes("worker_crashed") && !isExplained(ending, kills))
      found.push(`${id}: refused after ${killsDuring(ending, kills).map(({ way }) => way)}`);
    return found;
  });
}

/** A request is given up when it seems to kill the worker alone (never in its first crash), or was there very often. */
function isExplained(ending: Ending, kills: readonly Kill[]): boolean {
  const seen = killsDuring(ending, kills);
  const last = seen.at(-1);
  if (!last) return false;
  const ofOthers = Math.max(0, inARow(last, kills) - seen.length);
  const mostAlone = last.way === "SIGKILL" ? MOST_ALONE : Math.min(1 + ofOthers, MOST_ALONE);
  return seen.length > mostAlone || seen.length >= MOST_CRASHES;
}

function inARow(last: Kill, kills: readonly Kill[]): number {
  const until = kills.slice(0, kills.indexOf(last) + 1);
  const isAfterPeace = (kill: Kill, index: number) =>
    kill.atMs - (until[index - 1]?.atMs ?? Number.NEGATIVE_INFINITY) > STABLE_AFTER_MS;
  return until.length - until.findLastIndex(isAfterPeace);
}

function killsDuring({ startedAtMs, endedAtMs }: Ending, kills: readonly Kill[]): readonly Kill[] {
  return kills.filter(({ atMs }) => atMs > startedAtMs - SLACK_MS && atMs < endedAtMs + SLACK_MS);
}

function faultsOfLines({ endings, lines }: Accounts): readonly string[] {
  const ids = new Set(endings.map(({ id }) => id));
  return lines
    .filter(({ requestId }) => !ids.has(requestId))
    .map(({ requestId, outcome }) => `${requestId}: in the log (${outcome}), and nobody asked it`);
}

function faultsOfCounts({ lines, counted }: Accounts): readonly string[] {
  const outcomes = new Set([...counted.keys(), ...lines.map(({ outcome }) => outcome)]);
  return [...outcomes].flatMap((outcome) => {
    const inLog = lines.filter((line) => line.outcome === outcome).length;
    const inMetrics = counted.get(outcome) ?? 0;
    return inLog === inMetrics
      ? []
      : [`${outcome}: ${inLog} in the log, ${inMetrics} in the metrics`];
  });
}
