// Compares what the clients saw with what the server reports: every request must have ended exactly once, with the same
// outcome on both sides.

import type { Ending } from "../kinds/soak-client.ts";

/** The fields of a request's log line that are needed here. */
export type RequestLine = {
  readonly requestId: string;
  readonly outcome: string;
  /** Time to first token; null without a token. */
  readonly ttftMs: number | null;
  /** When the line was read. */
  readonly atMs: number;
};

/** A killed worker, and when it was gone. */
export type Kill = { readonly atMs: number; readonly way: string };

export type Ledger = {
  readonly endings: readonly Ending[];
  readonly lines: readonly RequestLine[];
  /** `sluice_requests_total`, by outcome. */
  readonly counted: ReadonlyMap<string, number>;
  readonly kills: readonly Kill[];
};

/** A kill may be noted here slightly before or after its request notices it. */
const SLACK_MS = 100;
/** Same as in src/engine/crashes.ts. */
const MOST_CRASHES = 10;
const MOST_ALONE = 3;
/** Same as in src/engine/worker-process.ts. */
const STABLE_AFTER_MS = 60_000;

/** Lists everything that does not match. */
export function faultsOf(ledger: Ledger): readonly string[] {
  return [...faultsOfEndings(ledger), ...faultsOfLines(ledger), ...faultsOfCounts(ledger)];
}

function faultsOfEndings({ endings, lines, kills }: Ledger): readonly string[] {
  const loggedById = new Map<string, string[]>();
  for (const { requestId, outcome } of lines)
    loggedById.set(requestId, [...(loggedById.get(requestId) ?? []), outcome]);
  return endings.flatMap((ending) => {
    const { id, outcomes, faults, isLogged } = ending;
    const logged = loggedById.get(id) ?? [];
    const found = faults.map((fault) => `${id}: ${fault}`);
    if (logged.length !== (isLogged ? 1 : 0))
      found.push(`${id}: ${logged.length} log lines: ${logged}`);
    const strange = logged.filter((outcome) => outcomes.length > 0 && !outcomes.includes(outcome));
    for (const outcome of strange)
      found.push(`${id}: the log has ${outcome}, its client saw ${outcomes}`);
    if (logged.includes("worker_crashed") && !isExplained(ending, kills))
      found.push(`${id}: refused after ${killsDuring(ending, kills).map(({ way }) => way)}`);
    return found;
  });
}

/**
 * Whether the server was right to give a request up: it seemed to kill the worker when alone in it (never at its first
 * crash), or was present in very many crashes.
 */
function isExplained(ending: Ending, kills: readonly Kill[]): boolean {
  const seen = killsDuring(ending, kills);
  const last = seen.at(-1);
  if (!last) return false;
  const ofOthers = Math.max(0, consecutiveKills(last, kills) - seen.length);
  const mostAlone = last.way === "SIGKILL" ? MOST_ALONE : Math.min(1 + ofOthers, MOST_ALONE);
  return seen.length > mostAlone || seen.length >= MOST_CRASHES;
}

function consecutiveKills(last: Kill, kills: readonly Kill[]): number {
  const until = kills.slice(0, kills.indexOf(last) + 1);
  const isAfterStableTime = (kill: Kill, index: number) =>
    kill.atMs - (until[index - 1]?.atMs ?? Number.NEGATIVE_INFINITY) > STABLE_AFTER_MS;
  return until.length - until.findLastIndex(isAfterStableTime);
}

function killsDuring({ startedAtMs, endedAtMs }: Ending, kills: readonly Kill[]): readonly Kill[] {
  return kills.filter(({ atMs }) => atMs > startedAtMs - SLACK_MS && atMs < endedAtMs + SLACK_MS);
}

function faultsOfLines({ endings, lines }: Ledger): readonly string[] {
  const ids = new Set(endings.map(({ id }) => id));
  return lines
    .filter(({ requestId }) => !ids.has(requestId))
    .map(
      ({ requestId, outcome }) => `${requestId}: in the log (${outcome}), but sent by no client`,
    );
}

function faultsOfCounts({ lines, counted }: Ledger): readonly string[] {
  const outcomes = new Set([...counted.keys(), ...lines.map(({ outcome }) => outcome)]);
  return [...outcomes].flatMap((outcome) => {
    const inLog = lines.filter((line) => line.outcome === outcome).length;
    const inMetrics = counted.get(outcome) ?? 0;
    return inLog === inMetrics
      ? []
      : [`${outcome}: ${inLog} in the log, ${inMetrics} in the metrics`];
  });
}
