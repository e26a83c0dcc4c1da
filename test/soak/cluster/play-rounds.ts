// Rounds of a cluster: each has many clients, one fault, and its books compared when all is mended.

import { setTimeout as sleep } from "node:timers/promises";
import { metricSum } from "../../support/clients/metric-sum.ts";
import { startCluster, type TestCluster } from "../../support/cluster/test-cluster.ts";
import { Random } from "../kinds/random.ts";
import type { Ending } from "../kinds/soak-client.ts";
import { Traffic } from "../kinds/traffic.ts";
import { faultsAfterRound } from "./cluster-books.ts";
import type { ClusterFault, FaultScope } from "./cluster-faults.ts";
import { clusterKinds } from "./cluster-kinds.ts";
import { startFront } from "./front.ts";

export type RoundsOptions = {
  readonly rounds: number;
  readonly clients: number;
  readonly seed: number;
  /** Taken in turn. */
  readonly faults: readonly ClusterFault[];
  /** The program `sluice`; default: the bundle of the tests. */
  readonly main?: string;
  readonly onRound?: (round: PlayedRound) => void;
};

export type PlayedRound = {
  readonly name: string;
  readonly endings: readonly Ending[];
  /** Resumable streams that the fault has met, and that are complete. */
  readonly continued: number;
  /** From the fault until requests are answered again. */
  readonly mendedMs: number;
  readonly faults: readonly string[];
};

const NODES = 2;
const SLOTS = 4;
const POLL_MS = 50;
/** The cluster must work again this long after a fault is mended. */
const MOST_MS = 60_000;

/** @returns what was wrong */
export async function playRounds(options: RoundsOptions): Promise<readonly string[]> {
  const { main, rounds, faults: kinds, onRound } = options;
  const cluster = await startCluster({
    nodes: NODES,
    gateways: 2,
    nodeFlags: ["--slots", String(SLOTS), "--resume-grace", "10", "--threads", "1"],
    gatewayFlags: ["--resume-grace", "10", "--queue-timeout", "60", "--drain-timeout", "20"],
    ...(main && { main }),
  });
  const front = await startFront(async () => (await cluster.active())?.process.url ?? null);
  const all: string[] = [];
  try {
    await untilWhole(cluster);
    for (let round = 0; round < rounds; round++) {
      const fault = kinds[round % kinds.length];
      if (!fault) break;
      const played = await playRound({ ...options, cluster, url: front.url, round, fault });
      onRound?.(played);
      all.push(...played.faults.map((each) => `round ${round + 1}, ${played.name}: ${each}`));
    }
  } finally {
    front.close();
    await cluster.close();
  }
  return all;
}

type RoundOptions = RoundsOptions & {
  readonly cluster: TestCluster;
  readonly url: string;
  readonly round: number;
  readonly fault: ClusterFault;
};

async function playRound(options: RoundOptions): Promise<PlayedRound> {
  const { cluster, url, round, fault, clients, seed } = options;
  const random = new Random(seed * 1_000_003 + round);
  const weather: { scope: FaultScope | null } = { scope: null };
  const traffic = new Traffic({
    ...{ url, clients, keys: [], refusals: [] },
    seed: seed * 1_000 + round,
    kinds: clusterKinds(weather),
  });
  const complaintsBefore = complaintsOf(cluster).length;
  traffic.begin();
  await untilEndings(traffic, clients / 2);
  weather.scope = fault.scope;
  const faultAtMs = performance.now();
  await fault.inflict(cluster, random);
  await untilWhole(cluster);
  const mendedAtMs = performance.now();
  await untilEndings(traffic, traffic.endings.length + clients / 2);
  await traffic.end();
  const { endings } = traffic;
  const faults = [
    ...endings.flatMap(({ id, faults: each }) => each.map((text) => `${id}: ${text}`)),
    ...(await faultsAfterRound(cluster, { endings, scope: fault.scope, faultAtMs, mendedAtMs })),
    ...complaintsOf(cluster).slice(complaintsBefore),
  ];
  const continued = endings.filter(
    ({ kind, startedAtMs, endedAtMs, outcomes }) =>
      kind === "resumed" &&
      startedAtMs < faultAtMs &&
      endedAtMs > faultAtMs &&
      outcomes[0] === "stop",
  ).length;
  return { name: fault.name, endings, continued, mendedMs: mendedAtMs - faultAtMs, faults };
}

async function untilEndings({ endings }: Traffic, count: number): Promise<void> {
  const endMs = performance.now() + MOST_MS;
  while (endings.length < count) {
    if (performance.now() > endMs) throw new Error(`only ${endings.length} requests have ended`);
    await sleep(POLL_MS);
  }
}

/** All processes answer, one gateway is active, and it has the slots of all nodes. */
async function untilWhole(cluster: TestCluster): Promise<void> {
  await Promise.all(cluster.nodes.map(({ process: each }) => each.until200()));
  await Promise.all(cluster.gateways.map(({ process: each }) => each.until200("/health")));
  const endMs = performance.now() + MOST_MS;
  while ((await slotsOf(cluster)) !== NODES * SLOTS) {
    if (performance.now() > endMs)
      throw new Error(`the cluster has ${await slotsOf(cluster)} slots`);
    await sleep(POLL_MS);
  }
}

async function slotsOf(cluster: TestCluster): Promise<number> {
  const active = await cluster.active();
  if (!active) return 0;
  const response = await fetch(`${active.process.url}/metrics`);
  return metricSum(await response.text(), "sluice_model_slots") ?? 0;
}

/** Errors in the logs of nodes and gateways: no fault explains one. */
function complaintsOf({ nodes, gateways }: TestCluster): readonly string[] {
  return [...nodes, ...gateways].flatMap(({ name, process: each }) =>
    each.complaints.map((text) => `${name}: ${text}`),
  );
}
