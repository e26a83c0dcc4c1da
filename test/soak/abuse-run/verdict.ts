// Decides what counts as a fault of the server in an abuse run. Pure: every function takes observations and returns
// sentences.

import { percentile } from "../../../src/bench/stats.ts";
import type { Sample } from "../report/samples.ts";
import type { AbuseRecord } from "./abusers.ts";
import type { HonestAnswer } from "./honest-clients.ts";
import { type OpenFiles, totalOf } from "./open-files.ts";
import type { Probe } from "./watcher.ts";

/** Allowed factor of the TTFT of honest clients compared with a run without abuse. */
const MOST_TIMES_LATER = 3;
/** Allowed extra time: if the TTFT alone is 20 ms, a few more decode steps mean nothing. */
const LATER_MS = 150;
/** A longer silence means that something blocks the server. This must be rare. */
const SILENCE_MS = 200;
/** The longest allowed silence. */
const MOST_SILENCE_MS = 1_000;
/** Allowed memory after the abuse compared with before. */
const MOST_TIMES_MEMORY = 1.3;
const MORE_MB = 30;
const MORE_FILES = 4;
/** Same as in server.ts. */
const STDERR = "stderr: ";
const MOST_COMPLAINTS = 12;
/** An abuse that ended this recently may still be the cause. */
const JUST_MS = 1_500;

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const whole = (value: number) => `${Math.round(value)}`;

/** Returns one sentence per client. */
export function faultsOfAnswers(answers: readonly HonestAnswer[]): readonly string[] {
  return [...byClient(answers)].flatMap(([client, all]) => {
    const bad = all.filter(({ fault }) => fault !== null);
    const [first] = bad;
    if (!first) return [];
    return [
      `${client}: ${bad.length} of ${all.length} answers are wrong; the first one at ${seconds(first.atMs)}: ${first.fault}`,
    ];
  });
}

export function faultsOfLateness(
  alone: readonly HonestAnswer[],
  beside: readonly HonestAnswer[],
): readonly string[] {
  const before = byClient(alone);
  return [...byClient(beside)].flatMap(([client, all]) => {
    const [usual, now] = [ttftP95(before.get(client) ?? []), ttftP95(all)];
    const most = Math.max(MOST_TIMES_LATER * usual, usual + LATER_MS);
    if (!(now > most)) return [];
    return [
      `${client}: TTFT p95 is ${whole(now)} ms beside the abuse, and ${whole(usual)} ms alone; the limit is ${whole(most)} ms`,
    ];
  });
}

export function ttftP95(answers: readonly HonestAnswer[]): number {
  return percentile(
    answers.flatMap(({ ttftMs }) => ttftMs ?? []),
    0.95,
  );
}

export function byClient(
  answers: readonly HonestAnswer[],
): ReadonlyMap<string, readonly HonestAnswer[]> {
  const clients = new Map<string, HonestAnswer[]>();
  for (const answer of answers) {
    const others = clients.get(answer.client);
    if (others) others.push(answer);
    else clients.set(answer.client, [answer]);
  }
  return clients;
}

/**
 * The wait for /health at every tenth of a second of the run: while one probe waits for a second, nine others would have
 * waited too. Excludes the time in which the server had no CPU.
 */
export function silences(probes: readonly Probe[], everyMs = 100): number[] {
  return probes.flatMap(({ ms, starvedMs }) => {
    const held = ms - starvedMs;
    return Array.from({ length: Math.max(1, Math.ceil(held / everyMs)) }, (_, index) =>
      Math.max(0, held - index * everyMs),
    );
  });
}

export function faultsOfSilence(probes: readonly Probe[]): readonly string[] {
  const faults: string[] = [];
  const unanswered = probes.filter(({ fault }) => fault !== null);
  const [first] = unanswered;
  if (first)
    faults.push(
      `${unanswered.length} of ${probes.length} probes failed; the first one at ${seconds(first.atMs)}: ${first.fault}`,
    );
  const all = silences(probes);
  const p99 = percentile(all, 0.99);
  if (p99 > SILENCE_MS)
    faults.push(`/health is silent for over ${SILENCE_MS} ms too often: p99 is ${whole(p99)} ms`);
  const longest = longestProbe(probes);
  if (longest && longest.ms - longest.starvedMs > MOST_SILENCE_MS)
    faults.push(
      `/health was silent for ${whole(longest.ms - longest.starvedMs)} ms at ${seconds(longest.atMs)}; the limit is ${MOST_SILENCE_MS} ms`,
    );
  return faults;
}

function longestProbe(probes: readonly Probe[]): Probe | undefined {
  return probes.toSorted((a, b) => b.ms - b.starvedMs - (a.ms - a.starvedMs))[0];
}

export function faultsOfMemory(before: number, after: number): readonly string[] {
  const most = before * MOST_TIMES_MEMORY + MORE_MB;
  return after > most
    ? [
        `the server uses ${whole(after)} MB at the end and used ${whole(before)} MB before the abuse; the limit is ${whole(most)} MB`,
      ]
    : [];
}

/** Allowed growth of limited caches and stores and of the allocator. */
export const MOST_GROWTH_MB = { heap: 20, server: 60, worker: 60 } as const;
const WINDOWS = 20;

/** The minimum of each time window: memory that remains between two abuses. */
export function minimumPerWindow(samples: readonly Sample[]): readonly Sample[] {
  const length = Math.max(1, Math.ceil(samples.length / WINDOWS));
  return Array.from({ length: Math.ceil(samples.length / length) }, (_, index) =>
    samples.slice(index * length, (index + 1) * length),
  ).flatMap((window) => {
    const [first] = window;
    if (!first) return [];
    const least = (of: (sample: Sample) => number) =>
      Math.min(...window.map(of).filter(Number.isFinite));
    const [serverMb, heapMb] = [least((each) => each.serverMb), least((each) => each.heapMb)];
    return [{ ...first, serverMb, heapMb, workerMb: least((each) => each.workerMb) }];
  });
}

/** State of the server after all clients have disconnected. */
export type FinalState = {
  readonly busy: number;
  readonly waiting: number;
  /** Ids of requests it lists. */
  readonly listed: readonly string[];
  readonly files: OpenFiles;
};

export function faultsOfLeftovers(
  before: Pick<FinalState, "files">,
  now: FinalState,
): readonly string[] {
  const { busy, waiting, listed, files } = now;
  const faults: string[] = [];
  if (busy > 0) faults.push(`${busy} slots are still busy at the end`);
  if (waiting > 0) faults.push(`${waiting} requests still wait at the end`);
  if (listed.length > 0)
    faults.push(`${listed.length} requests are still listed at the end, such as ${listed[0]}`);
  const [first, last] = [totalOf(before.files), totalOf(files)];
  if (last > first + MORE_FILES)
    faults.push(
      `the server has ${last} open files at the end and had ${first} at the start: ${grownIn(before.files, files)}`,
    );
  return faults;
}

function grownIn(before: OpenFiles, now: OpenFiles): string {
  return Object.entries(now)
    .map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const)
    .filter(([, more]) => more > 0)
    .map(([kind, more]) => `${more} more of ${kind}`)
    .join(", ");
}

/** Counts over the whole run. */
export type Accidents = {
  readonly restarts: number;
  readonly uncaught: number | null;
  readonly zombies: number;
};

export function faultsOfAccidents({ restarts, uncaught, zombies }: Accidents): readonly string[] {
  const faults: string[] = [];
  if (restarts > 0) faults.push(`the worker was restarted ${restarts} times`);
  if (uncaught !== null && uncaught > 0)
    faults.push(`${uncaught} errors were not caught (sluice_uncaught_total)`);
  if (zombies > 0) faults.push(`${zombies} zombie processes are left`);
  return faults;
}

/** Counts the lines of a stack trace as one complaint. */
export function faultsOfComplaints(complaints: readonly string[]): readonly string[] {
  const written = complaints.filter((each) => each.startsWith(STDERR));
  const logged = complaints.filter((each) => !each.startsWith(STDERR));
  const text = written.map((each) => each.slice(STDERR.length).trim()).filter(Boolean);
  const faults = logged.slice(0, MOST_COMPLAINTS);
  if (text.length > 0)
    faults.push(
      `the server wrote to standard error: ${text.slice(0, MOST_COMPLAINTS).join(" / ")}`,
    );
  if (logged.length > MOST_COMPLAINTS)
    faults.push(`there are ${logged.length - MOST_COMPLAINTS} more errors in the server's log`);
  return faults;
}

/** No abuse may be answered with 500. */
export function faultsOfAbuses(abuses: readonly AbuseRecord[]): readonly string[] {
  const names = abuses.filter(({ notes }) => "500" in notes).map(({ name }) => name);
  return [...new Set(names)].map((name) => `"${name}" was answered with 500`);
}

/** Abuses running in a period, latest start first. */
export function abusesAt(
  abuses: readonly AbuseRecord[],
  fromMs: number,
  toMs: number,
): readonly string[] {
  return abuses
    .filter((record) => record.fromMs <= toMs && record.toMs >= fromMs - JUST_MS)
    .toSorted((a, b) => b.fromMs - a.fromMs)
    .map(({ name, route }) => `${name}${route === "nginx" ? " (nginx)" : ""}`);
}
