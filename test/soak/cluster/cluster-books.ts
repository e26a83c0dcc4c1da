// The books of a cluster after a round: what clients, gateways and nodes say must agree, and nothing may be left running.

import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterProcess, LogLine } from "../../support/cluster/cluster-process.ts";
import type { ClusterMember, TestCluster } from "../../support/cluster/test-cluster.ts";
import { childrenOf } from "../../support/processes.ts";
import type { Ending } from "../kinds/soak-client.ts";
import { metricsOf } from "../server.ts";
import type { FaultScope } from "./cluster-faults.ts";
import { BROKEN } from "./cluster-kinds.ts";
import { NO_GATEWAY } from "./front.ts";

export type RoundBooks = {
  readonly endings: readonly Ending[];
  readonly scope: FaultScope;
  readonly faultAtMs: number;
  readonly mendedAtMs: number;
};

const POLL_MS = 100;
/** A line of the log is written at most this long after its request has ended. */
const WRITE_MS = 1_000;
/** A resumable stream whose client does not return is kept for the grace time. */
const MOST_MS = 20_000;

/**
 * Waits until gateways and nodes have nothing to do and the books agree: a log line arrives some time after its request has ended.
 *
 * @returns what is left, and what does not agree
 */
export async function faultsAfterRound(
  cluster: TestCluster,
  round: RoundBooks,
): Promise<readonly string[]> {
  const endMs = performance.now() + MOST_MS;
  for (;;) {
    const faults = [...(await leftoversOf(cluster)), ...(await faultsOfBooks(cluster, round))];
    if (faults.length === 0 || performance.now() > endMs) return faults;
    await sleep(POLL_MS);
  }
}

async function leftoversOf({ nodes, gateways }: TestCluster): Promise<readonly string[]> {
  const perMember = [...nodes, ...gateways].map(async ({ name, process: each }) => {
    const { busy, waiting } = await metricsOf(each.url);
    return [
      ...(busy > 0 ? [`${name}: ${busy} slots are busy`] : []),
      ...(waiting > 0 ? [`${name}: ${waiting} requests wait`] : []),
      ...orphansOf(each).map((pid) => `${name}: the process ${pid} of an earlier life still runs`),
    ];
  });
  return (await Promise.all(perMember)).flat();
}

/** Its workers whose server is gone. */
function orphansOf(member: ClusterProcess): readonly number[] {
  const current = new Set(member.pid ? childrenOf(member.pid).map(({ pid }) => pid) : []);
  return member.workers.filter((pid) => !current.has(pid));
}

/**
 * Each request whose client has read it to its end has one line in the gateways' logs, with the same outcome; and each gateway's
 * counters agree with its own log.
 */
async function faultsOfBooks(
  { gateways }: TestCluster,
  round: RoundBooks,
): Promise<readonly string[]> {
  const logs = gateways.map(({ process: gateway }) => outcomesIn(gateway.log));
  const faults = round.endings.flatMap((ending) => {
    const perGateway = logs.map((outcomes) => outcomes.get(ending.id) ?? []);
    return isExplained(ending, perGateway, round)
      ? []
      : [
          `${ending.id}: its client saw ${ending.outcomes}, the logs have ${perGateway.join(" and ")}`,
        ];
  });
  const counts = await Promise.all(gateways.map(faultsOfCounters));
  return [...faults, ...counts.flat()];
}

function outcomesIn(log: readonly LogLine[]): ReadonlyMap<string, readonly string[]> {
  const outcomes = new Map<string, string[]>();
  for (const { requestId, outcome } of requestLines(log))
    outcomes.set(requestId, [...(outcomes.get(requestId) ?? []), outcome]);
  return outcomes;
}

function isExplained(
  { outcomes: [seen], kind, startedAtMs }: Ending,
  perGateway: readonly (readonly string[])[],
  { scope, faultAtMs, mendedAtMs }: RoundBooks,
): boolean {
  if (seen === undefined || seen === BROKEN || seen === NO_GATEWAY) return true; // the client does not know the end
  const logged = perGateway.flat();
  if (logged.join() === seen) return true;
  if (scope !== "gateway" && scope !== "all") return false;
  // A resumed stream has a line of each gateway that had it.
  const isMoved = kind === "resumed" && perGateway.every(({ length }) => length <= 1);
  if (isMoved && startedAtMs < mendedAtMs) return true;
  // A killed gateway has not written its last lines.
  return logged.length === 0 && startedAtMs < faultAtMs + WRITE_MS;
}

async function faultsOfCounters({ name, process: gateway }: ClusterMember): Promise<string[]> {
  const { outcomes } = await metricsOf(gateway.url);
  const lines = requestLines(gateway.lifeLog);
  const names = new Set([...outcomes.keys(), ...lines.map(({ outcome }) => outcome)]);
  return [...names].flatMap((outcome) => {
    const inLog = lines.filter((line) => line.outcome === outcome).length;
    const counted = outcomes.get(outcome) ?? 0;
    return inLog === counted
      ? []
      : [`${name}: ${outcome}: ${inLog} in the log, ${counted} in the metrics`];
  });
}

function requestLines(log: readonly LogLine[]) {
  return log.flatMap(({ msg, requestId, outcome }) =>
    msg === "request" ? [{ requestId: String(requestId), outcome: String(outcome) }] : [],
  );
}
