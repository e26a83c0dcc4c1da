// A run of abuse, for people: a page of Markdown, and a chart beside it.

import { percentile } from "../../../bench/report/stats.ts";
import { chart, type Line } from "../report/chart.ts";
import type { Growth } from "../report/growth.ts";
import type { Sample } from "../report/samples.ts";
import type { Deed } from "./abusers.ts";
import type { HonestAnswer } from "./honest-clients.ts";
import { byClient, deedsAt, silences, ttftP95 } from "./verdict.ts";
import type { Probe } from "./watcher.ts";

export type AbuseRun = {
  readonly seed: number;
  readonly minutes: number;
  readonly hasNginx: boolean;
  /** The abuse lasts from the one to the other. */
  readonly abuseFromMs: number;
  readonly abuseToMs: number;
  readonly endMs: number;
  readonly answers: readonly HonestAnswer[];
  readonly probes: readonly Probe[];
  readonly samples: readonly Sample[];
  readonly deeds: readonly Deed[];
  /** Of the server, in MB: before the abuse, and after it; null where it did not come to that. */
  readonly memory: { readonly before: number | null; readonly after: number | null };
  readonly growth: Growth;
  readonly faults: readonly string[];
};

const CHART_FILE = "chart.svg";
const WORST = 8;
const MOST_AT_WORK = 12;

/** Files of the report, by their names. */
export function reportOf(run: AbuseRun): Readonly<Record<string, string>> {
  return { "report.md": pageOf(run), [CHART_FILE]: chartOf(run) };
}

/** What was seen before, during and after the abuse. */
export function phasesOf<T extends { readonly atMs: number }>(
  { abuseFromMs, abuseToMs }: Pick<AbuseRun, "abuseFromMs" | "abuseToMs">,
  seen: readonly T[],
): { readonly alone: readonly T[]; readonly beside: readonly T[]; readonly quiet: readonly T[] } {
  return {
    alone: seen.filter(({ atMs }) => atMs < abuseFromMs),
    beside: seen.filter(({ atMs }) => atMs >= abuseFromMs && atMs < abuseToMs),
    quiet: seen.filter(({ atMs }) => atMs >= abuseToMs),
  };
}

/** The figures, a line each. */
export function figuresOf(run: AbuseRun): readonly string[] {
  const { answers, probes, samples, deeds, memory, growth, faults } = run;
  const health = phasesOf(run, probes);
  const most = (of: (sample: Sample) => number) => whole(Math.max(0, ...samples.map(of)));
  const answersOf = phasesOf(run, answers);
  const clients = [...byClient(answers).keys()].map((client) => {
    const [alone, beside] = [answersOf.alone, answersOf.beside].map((all) =>
      all.filter((answer) => answer.client === client),
    );
    return `${client}: ${alone?.length} answers alone, TTFT p95 ${whole(ttftP95(alone ?? []))} ms; ${beside?.length} beside the abuse, p95 ${whole(ttftP95(beside ?? []))} ms`;
  });
  const slope =
    growth.server === null
      ? "too short for a slope"
      : `${growth.server.toFixed(2)} MB a minute during the abuse`;
  return [
    `${deeds.length} abuses of ${new Set(deeds.map(({ name }) => name)).size} kinds`,
    ...clients,
    `/health alone: ${healthFigures(health.alone)}`,
    `/health beside the abuse: ${healthFigures(health.beside)}`,
    `server ${orNothing(memory.before)} before the abuse, up to ${most(({ serverMb }) => serverMb)} MB, ${orNothing(memory.after)} after it; ${slope}`,
    `open files up to ${most(({ descriptors }) => descriptors)}, queue up to ${most(({ waiting }) => waiting)}`,
    `${faults.length} faults`,
  ];
}

function healthFigures(probes: readonly Probe[]): string {
  const all = silences(probes);
  const raw = Math.max(0, ...probes.map(({ ms }) => ms));
  return `p50 ${whole(percentile(all, 0.5))} ms, p99 ${whole(percentile(all, 0.99))} ms, max ${whole(Math.max(0, ...all))} ms (${whole(raw)} ms with waiting for a CPU)`;
}

function pageOf(run: AbuseRun): string {
  const { seed, minutes, hasNginx, faults } = run;
  const doors = hasNginx ? "half of it through nginx" : "without nginx";
  return [
    `# Abuse of ${minutes} minutes, ${doors}, seed ${seed}: ${faults.length === 0 ? "passed" : "FAILED"}`,
    "",
    ...figuresOf(run).map((figure) => `- ${figure}`),
    "",
    `![memory, silence of /health, time to first token, queue, open files](${CHART_FILE})`,
    "",
    "The abuse begins at the first dashed line and ends at the second.",
    ...(faults.length === 0 ? [] : ["", "## Faults", ""]),
    ...faults.map((fault) => `- ${fault}`),
    ...["", "## The longest silences, and who was at work", ""],
    ...worstOf(run),
    ...["", "## What each kind of abuse was answered with", ""],
    ...["| kind | door | times | answers |", "|---|---|---|---|"],
    ...kindsOf(run.deeds),
    "",
  ].join("\n");
}

function worstOf({ probes, deeds }: AbuseRun): readonly string[] {
  const worst = probes.toSorted((a, b) => b.ms - b.starvedMs - (a.ms - a.starvedMs));
  return worst.slice(0, WORST).map(({ atMs, ms, starvedMs }) => {
    const atWork = deedsAt(deeds, atMs, atMs + ms).slice(0, MOST_AT_WORK);
    return `- ${whole(ms - starvedMs)} ms at ${(atMs / 1000).toFixed(1)} s: ${atWork.join(", ") || "no abuse"}`;
  });
}

function kindsOf(deeds: readonly Deed[]): readonly string[] {
  const rows = new Map<string, { times: number; notes: Map<string, number> }>();
  for (const { name, door, toMs, notes } of deeds) {
    const row = rows.get(`${name} | ${door}`) ?? { times: 0, notes: new Map() };
    row.times += 1;
    const noted = Number.isFinite(toMs) ? notes : { "cut off by the end": 1 };
    for (const [note, times] of Object.entries(noted))
      row.notes.set(note, (row.notes.get(note) ?? 0) + times);
    rows.set(`${name} | ${door}`, row);
  }
  return [...rows].sort().map(([name, { times, notes }]) => {
    const answers = [...notes]
      .sort(([, a], [, b]) => b - a)
      .map(([note, each]) => `${each} ${note}`);
    return `| ${name} | ${times} | ${answers.join(", ")} |`;
  });
}

function chartOf(run: AbuseRun): string {
  const { samples, probes, answers, abuseFromMs, abuseToMs, endMs } = run;
  const line = (
    name: string,
    color: string,
    of: (sample: Sample, fromMs: number) => number,
  ): Line => ({
    ...{ name, color },
    points: samples.map((sample, index) => {
      const fromMs = samples[index - 1]?.atMs ?? 0;
      return [sample.atMs / 1000, of(sample, fromMs)] as const;
    }),
  });
  const within = <T extends { readonly atMs: number }>(
    seen: readonly T[],
    from: number,
    to: number,
  ) => seen.filter(({ atMs }) => atMs > from && atMs <= to);
  const ttft = (share: number) => (sample: Sample, fromMs: number) =>
    percentile(
      within(answers, fromMs, sample.atMs).flatMap(({ ttftMs }) => ttftMs ?? []),
      share,
    );
  const health = ({ atMs }: Sample, fromMs: number) =>
    percentile(
      within(probes, fromMs, atMs).map(({ ms }) => ms),
      1,
    );
  return chart({
    seconds: endMs / 1000,
    marks: [abuseFromMs / 1000, abuseToMs / 1000],
    panels: [
      {
        title: "memory, MB",
        lines: [
          line("server", "#1f77b4", ({ serverMb }) => serverMb),
          line("heap", "#17becf", ({ heapMb }) => heapMb),
          line("worker", "#d62728", ({ workerMb }) => workerMb),
        ],
      },
      { title: "longest wait for /health, ms", lines: [line("health", "#d62728", health)] },
      {
        title: "time to first token of the honest clients, ms",
        lines: [line("p50", "#1f77b4", ttft(0.5)), line("p95", "#ff7f0e", ttft(0.95))],
      },
      {
        title: "requests",
        lines: [
          line("waiting", "#9467bd", ({ waiting }) => waiting),
          line("on slots", "#8c564b", ({ busy }) => busy),
        ],
      },
      {
        title: "open files of the server",
        lines: [line("files", "#2ca02c", ({ descriptors }) => descriptors)],
      },
    ],
  });
}

function whole(value: number): string {
  return Number.isFinite(value) ? `${Math.round(value)}` : "no";
}

function orNothing(memoryMb: number | null): string {
  return memoryMb === null ? "(not measured)" : `${whole(memoryMb)} MB`;
}
