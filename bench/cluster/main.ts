// `npm run cluster-bench`: what a cluster adds to each token. Nodes without a model emit tokens at a given rate; their readers
// measure how old each one is when it arrives: once in the process of the nodes, once behind a gateway and nats-server.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { cpuMicros } from "../../src/bench/process-usage.ts";
import { startNats } from "../../test/support/cluster/nats-server.ts";
import { circumstances } from "../report/results.ts";
import { type ClusterBenchOptions, readClusterOptions, toArguments } from "./options.ts";
import type { ReadersReport } from "./readers-process.ts";

type Ended = Extract<ReadersReport, { type: "ended" }>;
type Measured = {
  readonly readers: Ended;
  /** CPU time of the other processes, in microseconds; null where there are none. */
  readonly nodesMicros: number | null;
  readonly natsMicros: number | null;
};

const flags = process.argv.slice(2);
const out = flags.find((flag) => flag.startsWith("--out="))?.slice("--out=".length);
const options = readClusterOptions(flags.filter((flag) => !flag.startsWith("--out=")));
const alone = await measure(options, null);
const cluster = await measureCluster(options);
const results = {
  ...circumstances(),
  options,
  inProcess: shown(alone),
  cluster: shown(cluster),
  added: {
    p50Ms: round(cluster.readers.p50Ms - alone.readers.p50Ms),
    p99Ms: round(cluster.readers.p99Ms - alone.readers.p99Ms),
  },
};
console.log(JSON.stringify(results, null, 2));
if (out) writeFileSync(out, `${JSON.stringify(results, null, 2)}\n`);
process.exit(0);

async function measureCluster(given: ClusterBenchOptions): Promise<Measured> {
  const nats = await startNats();
  const nodes = start("nodes-process.ts", { ...given, nats: nats.url });
  try {
    await once(nodes, "message");
    return await measure({ ...given, nats: nats.url }, { nodes: nodes.pid, nats: nats.pid });
  } finally {
    nodes.kill("SIGKILL");
    await nats.close();
  }
}

type OtherProcesses = { readonly nodes: number | undefined; readonly nats: number | null };

async function measure(
  given: ClusterBenchOptions,
  others: OtherProcesses | null,
): Promise<Measured> {
  const readers = start("readers-process.ts", given);
  const usedNow = () => ({
    nodes: cpuMicros(others?.nodes ?? null),
    nats: cpuMicros(others?.nats ?? null),
  });
  await nextReport(readers);
  const before = usedNow();
  const report = await nextReport(readers);
  const after = usedNow();
  if (report.type !== "ended") throw new Error("the readers have begun twice");
  return {
    readers: report,
    nodesMicros: others && after.nodes - before.nodes,
    natsMicros: others && after.nats - before.nats,
  };
}

async function nextReport(readers: ChildProcess): Promise<ReadersReport> {
  const ended = once(readers, "exit").then(() => {
    throw new Error("the readers have ended without a report");
  });
  const [report] = await Promise.race([once(readers, "message"), ended]);
  ended.catch(() => {});
  return report as ReadersReport; // only readers-process.ts writes to this channel
}

function start(file: string, given: ClusterBenchOptions): ChildProcess {
  return fork(path.join(import.meta.dirname, file), toArguments(given), {
    execArgv: ["--import", "tsx"],
  });
}

function shown({ readers, nodesMicros, natsMicros }: Measured) {
  const perToken = (micros: number | null) =>
    micros === null ? null : round(micros / readers.tokens);
  return {
    tokensPerSecond: Math.round(readers.tokens / options.seconds),
    ...{ p50Ms: round(readers.p50Ms), p99Ms: round(readers.p99Ms), p999Ms: round(readers.p999Ms) },
    cpuMicrosPerToken: {
      gateway: perToken(readers.cpuMicros),
      nodes: perToken(nodesMicros),
      nats: perToken(natsMicros),
    },
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
