// Runs rounds over several connections, checks the server between them, and writes the summary.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fuzzModels } from "./broken-models.ts";
import { Checkpoints } from "./checkpoint.ts";
import { Findings } from "./findings.ts";
import type { Job, SentRequest } from "./job.ts";
import { findingOfStream, jobsOf } from "./jobs.ts";
import { type FuzzOptions, SEPARATE_PARTS } from "./options.ts";
import { fuzzUnfinishedBodies } from "./requests/unfinished-bodies.ts";
import type { Server } from "./server.ts";
import { KeptConnection } from "./streams/connection.ts";
import { TIMEOUT_STREAMS } from "./streams/raw-streams.ts";

const CONNECTIONS = 6;
const ROUND_BODIES = 500;
/** Long runs also send unfinished bodies and load models: one model per this many bodies. */
const BODIES_PER_LOAD = 1_000;
/** Named streams are sent in the first round and then every this many rounds. */
const NAMED_EVERY = 8;
/** Runs of at least this many bodies also wait for the server's own timeouts. */
const LONG_RUN_FROM = 5_000;

type Counts = Record<Job["part"], number> & {
  /** Number of answers by status. */
  readonly statuses: Map<number, number>;
  slowest: SentRequest | null;
};

export type Summary = { readonly text: string; readonly findings: number };

export async function fuzz(
  { seed, bodies, only }: FuzzOptions,
  server: Server,
  log: (line: string) => void,
): Promise<Summary> {
  const startedAtMs = performance.now();
  const { url } = server;
  const findings = new Findings();
  const counts: Counts = { bodies: 0, raw: 0, tokens: 0, statuses: new Map(), slowest: null };
  const onAnswer = (sent: SentRequest) => {
    counts.statuses.set(sent.status, (counts.statuses.get(sent.status) ?? 0) + 1);
    if (sent.ms > (counts.slowest?.ms ?? 0)) counts.slowest = sent;
  };
  const checkpoints = await Checkpoints.begin(server);
  const isLong = bodies >= LONG_RUN_FROM && (only === null || only === "raw");
  const timeoutStreams = isLong ? runTimeoutStreams(url, findings) : Promise.resolve();
  const rounds =
    only !== null && SEPARATE_PARTS.includes(only) ? 0 : Math.ceil(bodies / ROUND_BODIES);
  for (let round = 0; round < rounds && !server.isGone(); round++) {
    const count = Math.min(ROUND_BODIES, bodies - round * ROUND_BODIES);
    const jobs = jobsOf({
      url,
      seed: seed + round,
      only,
      bodies: count,
      hasNamed: round % NAMED_EVERY === 0,
      onAnswer,
    });
    await runAll(jobs, { url, findings, counts });
    for (const newFindings of await checkServer(server, checkpoints, findings))
      log(`\n${newFindings}\n`);
    log(progressOf({ round: round + 1, rounds, counts, findings, checkpoints }));
  }
  if (isLong) log("waiting for connections that the server must time out");
  await timeoutStreams;
  if (!server.isGone() && (only === "memory" || (only === null && bodies >= BODIES_PER_LOAD)))
    await fuzzUnfinishedBodies(server, findings);
  if (server.isGone()) addState(findings, ["the server has ended"]);
  if (only === null || only === "models") log(await modelsChecked({ seed, bodies }, findings));
  addState(findings, checkpoints.faultsOfMemory());
  await findings.reproduceNew();
  const seconds = (performance.now() - startedAtMs) / 1000;
  return {
    text: summaryOf({ seed, seconds, counts, findings, checkpoints }),
    findings: findings.count,
  };
}

/** An error while running a job, including a failed connection, becomes a finding. */
async function runAll(
  jobs: readonly Job[],
  { url, findings, counts }: { url: string; findings: Findings; counts: Counts },
): Promise<void> {
  let next = 0;
  const lane = async () => {
    const connection = new KeptConnection(url);
    for (let job = jobs[next++]; job; job = jobs[next++]) {
      counts[job.part] += 1;
      const finding = await job.run(connection).catch((error: Error) => ({
        where: job.part,
        faults: [`the connection failed: ${error.message}`],
        reproduce: async () => "",
      }));
      if (finding) findings.add(finding);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
}

async function checkServer(server: Server, checkpoints: Checkpoints, findings: Findings) {
  if (server.isGone()) return findings.reproduceNew();
  addState(findings, await checkpoints.look().catch((error: Error) => [error.message]));
  return findings.reproduceNew();
}

function addState(findings: Findings, faults: readonly string[]): void {
  for (const fault of faults)
    findings.add({
      where: "server",
      faults: [fault],
      reproduce: async () => "(caused by the requests of this round)",
    });
}

/** Checks one broken model per body, but loads only a few, because loading takes seconds. */
async function modelsChecked(
  { seed, bodies }: Pick<FuzzOptions, "seed" | "bodies">,
  findings: Findings,
): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-fuzz-models-"));
  try {
    const loads = Math.floor(bodies / BODIES_PER_LOAD);
    const run = { seed, checks: bodies, loads, folder };
    const { checked, loaded } = await fuzzModels(run, findings);
    return `${checked} models with a broken header were checked; ${loaded} of those that passed were loaded`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runTimeoutStreams(url: string, findings: Findings): Promise<void> {
  const all = TIMEOUT_STREAMS.map((stream) => findingOfStream(url, stream, stream.limitMs));
  for (const finding of await Promise.all(all)) if (finding) findings.add(finding);
}

type Progress = {
  readonly counts: Counts;
  readonly findings: Findings;
  readonly checkpoints: Checkpoints;
};

function progressOf({
  round,
  rounds,
  ...rest
}: Progress & { round: number; rounds: number }): string {
  return `round ${round} of ${rounds}: ${countsOf(rest)}; ${stateOf(rest.checkpoints)}`;
}

function countsOf({ counts, findings }: Omit<Progress, "checkpoints">): string {
  return `${counts.bodies} requests, ${counts.raw} raw streams, ${counts.tokens} control-token texts, ${findings.count} findings`;
}

function statusesOf({ statuses }: Counts): string {
  const sorted = [...statuses].sort(([a], [b]) => a - b);
  return sorted.map(([status, count]) => `${count} of ${status}`).join(", ");
}

function slowestOf({ slowest }: Counts): string[] {
  return slowest ? [`slowest answer: ${slowest.ms.toFixed(0)} ms, to ${slowest.command()}`] : [];
}

function stateOf({ memory, probeMs }: Checkpoints): string {
  const { server, worker, embeddingWorkers } = memory.at(-1) ?? {};
  const mb = (value = Number.NaN) => (Number.isFinite(value) ? `${value.toFixed(0)} MB` : "none");
  return `memory ${mb(server)}, worker ${mb(worker)}, embeddings ${mb(embeddingWorkers)}; a plain chat ${probeMs.at(-1)?.toFixed(0)} ms`;
}

function summaryOf(progress: Progress & { seed: number; seconds: number }): string {
  const { seed, seconds, findings, checkpoints } = progress;
  const growth = (["server", "worker", "embeddingWorkers"] as const)
    .map((process) => `${process} ${checkpoints.growth(process)?.toFixed(2) ?? "?"}`)
    .join(", ");
  return [
    "",
    `seed ${seed}: ${countsOf(progress)}, in ${seconds.toFixed(0)} s`,
    `answers: ${statusesOf(progress.counts)}`,
    stateOf(checkpoints),
    `memory growth in MB per round of ${ROUND_BODIES} bodies, after the warm-up: ${growth}`,
    ...slowestOf(progress.counts),
    `slowest plain chat: ${Math.max(...checkpoints.probeMs).toFixed(0)} ms`,
    ...(findings.count > 0 ? ["", findings.report()] : []),
  ].join("\n");
}
