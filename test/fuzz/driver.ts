// Sends round after round over several connections, looks at the server in between, and sums up.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { playModels } from "./broken-models.ts";
import { Checkpoints } from "./checkpoint.ts";
import { Findings } from "./findings.ts";
import type { Job, Sent } from "./job.ts";
import { findingOfStream, jobsOf } from "./jobs.ts";
import { APART, type FuzzOptions } from "./options.ts";
import { playUnfinished } from "./requests/unfinished-bodies.ts";
import type { Server } from "./server.ts";
import { KeptConnection } from "./streams/connection.ts";
import { PATIENT_STREAMS } from "./streams/raw-streams.ts";

const CONNECTIONS = 6;
const ROUND_BODIES = 500;
/** A run as long as that also takes hundreds of megabytes, and loads models: one for each of these. */
const BODIES_PER_LOAD = 1_000;
/** Streams with names are played in the first round, and then every so many rounds. */
const NAMED_EVERY = 8;
/** A run as long as that also waits for the server's own patience to end. */
const PATIENT_FROM = 5_000;

type Counts = Record<Job["part"], number> & {
  /** Answers to bodies, by their status. */
  readonly statuses: Map<number, number>;
  slowest: Sent | null;
};

export type Summary = { readonly text: string; readonly findings: number };

export async function fuzz(
  { seed, bodies, only }: FuzzOptions,
  server: Server,
  tell: (line: string) => void,
): Promise<Summary> {
  const startedAtMs = performance.now();
  const { url } = server;
  const findings = new Findings();
  const counts: Counts = { bodies: 0, raw: 0, tokens: 0, statuses: new Map(), slowest: null };
  const onAnswer = (sent: Sent) => {
    counts.statuses.set(sent.status, (counts.statuses.get(sent.status) ?? 0) + 1);
    if (sent.ms > (counts.slowest?.ms ?? 0)) counts.slowest = sent;
  };
  const checkpoints = await Checkpoints.begin(server);
  const isLong = bodies >= PATIENT_FROM && (only === null || only === "raw");
  const patient = isLong ? playPatient(url, findings) : Promise.resolve();
  const rounds = only !== null && APART.includes(only) ? 0 : Math.ceil(bodies / ROUND_BODIES);
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
    for (const news of await settled(server, checkpoints, findings)) tell(`\n${news}\n`);
    tell(progressOf({ round: round + 1, rounds, counts, findings, checkpoints }));
  }
  if (isLong) tell("waiting for connections that the server has to give up by itself");
  await patient;
  if (!server.isGone() && (only === "memory" || (only === null && bodies >= BODIES_PER_LOAD)))
    await playUnfinished(server, findings);
  if (server.isGone()) addState(findings, ["the server has ended"]);
  if (only === null || only === "models") tell(await modelsChecked({ seed, bodies }, findings));
  addState(findings, checkpoints.faultsOfMemory());
  await findings.settle();
  const seconds = (performance.now() - startedAtMs) / 1000;
  return {
    text: summaryOf({ seed, seconds, counts, findings, checkpoints }),
    findings: findings.count,
  };
}

/** What went wrong on the way of a job is its own finding; that it could not connect is one, too. */
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

async function settled(server: Server, checkpoints: Checkpoints, findings: Findings) {
  if (server.isGone()) return findings.settle();
  addState(findings, await checkpoints.look().catch((error: Error) => [error.message]));
  return findings.settle();
}

function addState(findings: Findings, faults: readonly string[]): void {
  for (const fault of faults)
    findings.add({
      where: "server",
      faults: [fault],
      reproduce: async () => "(by the requests of this round)",
    });
}

/** One check for each body; loading takes seconds. */
async function modelsChecked(
  { seed, bodies }: Pick<FuzzOptions, "seed" | "bodies">,
  findings: Findings,
): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-fuzz-models-"));
  try {
    const loads = Math.floor(bodies / BODIES_PER_LOAD);
    const run = { seed, checks: bodies, loads, folder };
    const { checked, loaded } = await playModels(run, findings);
    return `${checked} models with a broken head were checked, ${loaded} that passed were loaded`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function playPatient(url: string, findings: Findings): Promise<void> {
  const all = PATIENT_STREAMS.map((stream) => findingOfStream(url, stream, stream.limitMs));
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
    `answers to them: ${statusesOf(progress.counts)}`,
    stateOf(checkpoints),
    `memory grows by MB in every round of ${ROUND_BODIES}, after the warm-up: ${growth}`,
    ...slowestOf(progress.counts),
    `a plain chat took ${Math.max(...checkpoints.probeMs).toFixed(0)} ms at most`,
    ...(findings.count > 0 ? ["", findings.report()] : []),
  ].join("\n");
}
