// What is held against the server after a run of abuse. Pure: every function takes what was seen, and gives sentences.

import { percentile } from "../../../bench/report/stats.ts";
import type { Sample } from "../report/samples.ts";
import type { Deed } from "./abusers.ts";
import type { HonestAnswer } from "./honest-clients.ts";
import { type OpenFiles, totalOf } from "./open-files.ts";
import type { Probe } from "./watcher.ts";

/** The first text of an honest answer may come this much later than without abuse. */
const MOST_TIMES_LATER = 3;
/** ... but a few decode steps more are no sign of anything where it takes 20 ms alone. */
const LATER_MS = 150;
/** A server that is silent for longer is held by something, which must be rare ... */
const SILENCE_MS = 200;
/** ... and never last longer than this. */
const MOST_SILENCE_MS = 1_000;
/** Memory that has come back, compared with what it was before the abuse. */
const MOST_TIMES_MEMORY = 1.3;
const MORE_MB = 30;
const MORE_FILES = 4;
/** As in server.ts. */
const STDERR = "stderr: ";
const MOST_COMPLAINTS = 12;
/** Whoever did it is at work, or has just been cut off. */
const JUST_MS = 1_500;

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const whole = (value: number) => `${Math.round(value)}`;

/** One sentence for each client. */
export function faultsOfAnswers(answers: readonly HonestAnswer[]): readonly string[] {
  return [...byClient(answers)].flatMap(([client, all]) => {
    const bad = all.filter(({ fault }) => fault !== null);
    const [first] = bad;
    if (!first) return [];
    return [
      `${client}: ${bad.length} of ${all.length} answers are not right; the first one, at ${seconds(first.atMs)}: ${first.fault}`,
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
      `${client}: TTFT p95 is ${whole(now)} ms beside the abuse, and ${whole(usual)} ms alone; allowed are ${whole(most)} ms`,
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
 * How long one has to wait for /health, at every tenth of a second of the run: while a probe waits for a second, nine others
 * would have waited as well. Without the time in which the server had no CPU.
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
      `${unanswered.length} of ${probes.length} probes failed; the first one, at ${seconds(first.atMs)}: ${first.fault}`,
    );
  const all = silences(probes);
  const p99 = percentile(all, 0.99);
  if (p99 > SILENCE_MS)
    faults.push(
      `/health is silent for over ${SILENCE_MS} ms more than rarely: p99 is ${whole(p99)} ms`,
    );
  const longest = longestProbe(probes);
  if (longest && longest.ms - longest.starvedMs > MOST_SILENCE_MS)
    faults.push(
      `/health was silent for ${whole(longest.ms - longest.starvedMs)} ms at ${seconds(longest.atMs)}; allowed are ${MOST_SILENCE_MS} ms`,
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
        `the server holds ${whole(after)} MB at the end, and held ${whole(before)} MB before the abuse; allowed are ${whole(most)} MB`,
      ]
    : [];
}

/** What a run may add to caches and stores, which are limited, and to an allocator. */
export const MOST_GROWTH_MB = { heap: 20, server: 60, worker: 60 } as const;
const WINDOWS = 20;

/** The least of each stretch of time: what is there between two abuses, and not in one. */
export function leastOf(samples: readonly Sample[]): readonly Sample[] {
  const length = Math.max(1, Math.ceil(samples.length / WINDOWS));
  return Array.from({ length: Math.ceil(samples.length / length) }, (_, index) =>
    samples.slice(index * length, (index + 1) * length),
  ).flatMap((stretch) => {
    const [first] = stretch;
    if (!first) return [];
    const least = (of: (sample: Sample) => number) =>
      Math.min(...stretch.map(of).filter(Number.isFinite));
    const [serverMb, heapMb] = [least((each) => each.serverMb), least((each) => each.heapMb)];
    return [{ ...first, serverMb, heapMb, workerMb: least((each) => each.workerMb) }];
  });
}

/** What the server has to have, and must not have, when everybody is gone. */
export type Rest = {
  readonly busy: number;
  readonly waiting: number;
  /** Ids of requests that it lists. */
  readonly listed: readonly string[];
  readonly files: OpenFiles;
};

export function faultsOfRest(before: Pick<Rest, "files">, now: Rest): readonly string[] {
  const { busy, waiting, listed, files } = now;
  const faults: string[] = [];
  if (busy > 0) faults.push(`${busy} slots are still busy at the end`);
  if (waiting > 0) faults.push(`${waiting} requests still wait at the end`);
  if (listed.length > 0)
    faults.push(`${listed.length} requests are still listed at the end, such as ${listed[0]}`);
  const [first, last] = [totalOf(before.files), totalOf(files)];
  if (last > first + MORE_FILES)
    faults.push(
      `the server has ${last} open files at the end, and had ${first} at first: ${grownIn(before.files, files)}`,
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

/** Counted over the whole run. */
export type Accidents = {
  readonly restarts: number;
  readonly uncaught: number | null;
  readonly zombies: number;
};

export function faultsOfAccidents({ restarts, uncaught, zombies }: Accidents): readonly string[] {
  const faults: string[] = [];
  if (restarts > 0) faults.push(`the worker was restarted ${restarts} times`);
  if (uncaught !== null && uncaught > 0)
    faults.push(`${uncaught} errors were caught by nobody (sluice_uncaught_total)`);
  if (zombies > 0) faults.push(`${zombies} processes have ended, and nobody has taken notice`);
  return faults;
}

/** The lines of one stack trace are one complaint. */
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

/** No answer to abuse is a bug's. */
export function faultsOfDeeds(deeds: readonly Deed[]): readonly string[] {
  const names = deeds.filter(({ notes }) => "500" in notes).map(({ name }) => name);
  return [...new Set(names)].map((name) => `"${name}" was answered with 500`);
}

/** Those that were at work at a time, the latest to begin first. */
export function deedsAt(deeds: readonly Deed[], fromMs: number, toMs: number): readonly string[] {
  return deeds
    .filter((deed) => deed.fromMs <= toMs && deed.toMs >= fromMs - JUST_MS)
    .toSorted((a, b) => b.fromMs - a.fromMs)
    .map(({ name, door }) => `${name}${door === "nginx" ? " (nginx)" : ""}`);
}
