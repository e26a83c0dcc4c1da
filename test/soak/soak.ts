// `npm run soak`: runs all kinds of traffic at once for a long time, to show in minutes what a day of use would show.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { killAtRandom } from "./killer.ts";
import { ALL_KINDS } from "./kinds/all-kinds.ts";
import { Random } from "./kinds/random.ts";
import { Traffic } from "./kinds/traffic.ts";
import { describe, OptionError, readNumbers, seedOr } from "./options.ts";
import { faultsAtEnd } from "./report/final-check.ts";
import { faultsOfGrowth, growthIn } from "./report/growth.ts";
import type { Kill } from "./report/ledger.ts";
import { figuresOf, type Run, reportOf } from "./report/report.ts";
import { type Sample, Sampler } from "./report/samples.ts";
import { waitForIdle } from "./report/wait-for-idle.ts";
import { resourceUseOf, type SoakServer, startServer } from "./server.ts";

const FLAGS = {
  minutes: { default: 20, help: "duration" },
  clients: { default: 12, help: "concurrent clients, each sending one request after another" },
  seed: { default: null, help: "repeat the requests of this seed (default: a new seed each time)" },
} as const;
const RESULTS = path.join(import.meta.dirname, "../../soak-results");
const HELP = `npm run soak -- [options]

Starts the built server with the built-in model and sends requests of all APIs from clients of several keys: clients that
wait, disconnect, stall or reconnect, and requests with kept answers, deadlines or mistakes. In the first half, its worker is
killed now and then. Every request must end exactly once, with the same outcome at its client, in the log and in the metrics.
Memory, open files, slots and the queue must return to their initial state. Writes a report with a chart to soak-results/,
and exits with 1 if anything is wrong.

${describe(FLAGS)}`;

const KEYS = ["soak-one", "soak-two", "soak-three"];
const [KEY = ""] = KEYS;
const SLOTS = 4;
/** Data is kept only for a short time, so that memory use settles within the run. */
const SERVER_FLAGS = [
  ...KEYS.flatMap((key) => ["--api-key", key]),
  "--slots",
  `${SLOTS}`,
  "--queue",
  "12",
  "--stall-timeout",
  "3",
  "--resume-grace",
  "2",
  "--response-ttl",
  "20",
  "--response-store",
  "4194304",
  "--hang-timeout",
  "3",
  "--restart-delay",
  "0.1",
];
const REFUSALS = ["worker_crashed", "queue_full"];
/** Longest pause between two requests of a client. */
const PAUSE_MS = 200;
const LEAST_SAMPLE_MS = 1_000;
const SAMPLES = 150;
/** Average time between kills of the worker. */
const CRASH_EVERY_MS = 15_000;
const CRASHING_SHARE = 0.5;
const PROGRESS_REPORTS = 20;
const MOST_SHOWN = 50;

process.once("SIGINT", () => process.exit(130)); // the server ends with this process
try {
  const numbers = readNumbers(process.argv.slice(2), FLAGS);
  if (numbers === null) console.log(HELP);
  else {
    const { minutes, clients, seed } = numbers;
    process.exit(await soak({ minutes: minutes ?? 0, clients: clients ?? 0, seed: seedOr(seed) }));
  }
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  console.error(`soak: ${error.message}`);
  process.exit(1);
}

type Options = { readonly minutes: number; readonly clients: number; readonly seed: number };

/** @returns the exit code */
async function soak({ minutes, clients, seed }: Options): Promise<number> {
  const durationMs = minutes * 60_000;
  console.log(`seed ${seed}`);
  const server = await startServer(SERVER_FLAGS);
  const options = { url: server.url, seed, clients, keys: KEYS, refusals: REFUSALS };
  const traffic = new Traffic({ ...options, kinds: ALL_KINDS, pauseMs: PAUSE_MS });
  const embed = () => traffic.client(clients).ask("embedding", "/v1/embeddings", { input: "a" });
  await embed(); // this starts the process for embeddings
  const before = resourceUseOf(server.pid);
  const startedAtMs = performance.now();
  traffic.begin();
  const sampler = new Sampler({ server, traffic, key: KEY, slots: SLOTS, startedAtMs });
  const crashing = crash(server, new Random(seed), startedAtMs + durationMs * CRASHING_SHARE);
  await watch(server, { sampler, traffic, endsAtMs: startedAtMs + durationMs, durationMs });
  const kills = await crashing;
  await traffic.end();
  const leftovers = await waitForIdle(server, KEYS);
  if (!server.isGone()) await embed();
  const { samples } = sampler;
  const growth = growthIn(samples, (kills.at(-1)?.atMs ?? startedAtMs) - startedAtMs);
  const endState = { endings: traffic.endings, kills, before, keys: KEYS };
  const faults = [
    ...sampler.faults,
    ...leftovers,
    ...(await faultsAtEnd(server, endState)),
    ...faultsOfGrowth(growth),
  ];
  const { lines } = server;
  const run = { seed, minutes, startedAtMs, samples, lines, kills, growth, faults };
  const shown = faults.slice(0, MOST_SHOWN).map((fault) => `- ${fault}`);
  console.log([...figuresOf(run), ...shown, write(run)].join("\n"));
  return faults.length > 0 ? 1 : 0;
}

/** @returns the folder of the report */
function write(run: Run): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const folder = path.join(RESULTS, `${time}-${run.seed}`);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(reportOf(run)))
    writeFileSync(path.join(folder, name), text);
  return folder;
}

type Watched = {
  readonly sampler: Sampler;
  readonly traffic: Traffic;
  readonly endsAtMs: number;
  readonly durationMs: number;
};

async function watch(
  server: SoakServer,
  { sampler, traffic, endsAtMs, durationMs }: Watched,
): Promise<void> {
  const everyMs = Math.max(LEAST_SAMPLE_MS, durationMs / SAMPLES);
  let reports = 0;
  while (performance.now() < endsAtMs && !server.isGone()) {
    const sample = await sampler.look();
    if (sample.atMs > (durationMs * reports) / PROGRESS_REPORTS) {
      reports += 1;
      console.log(progressOf(sample, durationMs, traffic.endings.length, sampler.faults.length));
    }
    await sleep(everyMs);
  }
}

function progressOf(sample: Sample, durationMs: number, requests: number, faults: number): string {
  const { atMs, serverMb, workerMb, busy, waiting } = sample;
  const time = `${Math.round(atMs / 1000)} s of ${durationMs / 1000}`;
  const memory = `server ${serverMb.toFixed(0)} MB, worker ${workerMb.toFixed(0)} MB`;
  return `${time}: ${requests} requests, ${busy} running, ${waiting} waiting, ${memory}, ${faults} faults`;
}

async function crash(
  server: SoakServer,
  random: Random,
  untilMs: number,
): Promise<readonly Kill[]> {
  const kills: Kill[] = [];
  for (;;) {
    await sleep(random.between(0.5 * CRASH_EVERY_MS, 1.5 * CRASH_EVERY_MS));
    if (performance.now() > untilMs) return kills;
    const kill = await killAtRandom(server, random);
    if (kill === null) return kills;
    kills.push(kill);
  }
}
