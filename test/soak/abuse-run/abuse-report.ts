// Writes the report of an abuse run: a Markdown page and a chart.

import { percentile } from "../../../src/bench/stats.ts";
import { chart, type Line } from "../report/chart.ts";
import type { Growth } from "../report/growth.ts";
import type { Sample } from "../report/samples.ts";
import type { AbuseRecord } from "./abusers.ts";
import type { HonestAnswer } from "./honest-clients.ts";
import { abusesAt, byClient, silences, ttftP95 } from "./verdict.ts";
import type { Probe } from "./watcher.ts";

export type AbuseRun = {
  readonly seed: number;
  readonly minutes: number;
  readonly hasNginx: boolean;
  /** Start and end of the abuse. */
  readonly abuseFromMs: number;
  readonly abuseToMs: number;
  readonly endMs: number;
  readonly answers: readonly HonestAnswer[];
  readonly probes: readonly Probe[];
  readonly samples: readonly Sample[];
  readonly abuses: readonly AbuseRecord[];
  /** Memory of the server in MB before and after the abuse; null if it was not measured. */
  readonly memory: { readonly before: number | null; readonly after: number | null };
  readonly growth: Growth;
  readonly faults: readonly string[];
};

const CHART_FILE = "chart.svg";
const WORST = 8;
const MAX_RUNNING_SHOWN = 12;

/** Files of the report by name. */
export function reportOf(run: AbuseRun): Readonly<Record<string, string>> {
  return { "report.md": pageOf(run), [CHART_FILE]: chartOf(run) };
}

/** Splits observations into those before, during and after the abuse. */
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

/** The figures, one per line. */
export function figuresOf(run: AbuseRun): readonly string[] {
  const { answers, probes, samples, abuses, memory, growth, faults } = run;
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
      ? "too short to measure growth"
      : `${growth.server.toFixed(2)} MB per minute during the abuse`;
  return [
    `${abuses.length} abuses of ${new Set(abuses.map(({ name }) => name)).size} kinds`,
    ...clients,
    `/health alone: ${healthFigures(health.alone)}`,
    `/health beside the abuse: ${healthFigures(health.beside)}`,
    `server ${memoryText(memory.before)} before the abuse, up to ${most(({ serverMb }) => serverMb)} MB, ${memoryText(memory.after)} after it; ${slope}`,
    `open files up to ${most(({ descriptors }) => descriptors)}, queue up to ${most(({ waiting }) => waiting)}`,
    `${faults.length} faults`,
  ];
}

function healthFigures(probes: readonly Probe[]): string {
  const all = silences(probes);
  const raw = Math.max(0, ...probes.map(({ ms }) => ms));
  return `p50 ${whole(percentile(all, 0.5))} ms, p99 ${whole(percentile(all, 0.99))} ms, max ${whole(Math.max(0, ...all))} ms (${whole(raw)} ms including waits for a CPU)`;
}

function pageOf(run: AbuseRun): string {
  const { seed, minutes, hasNginx, faults } = run;
  const routes = hasNginx ? "half of it through nginx" : "without nginx";
  return [
    `# Abuse of ${minutes} minutes, ${routes}, seed ${seed}: ${faults.length === 0 ? "passed" : "FAILED"}`,
    "",
    ...figuresOf(run).map((figure) => `- ${figure}`),
    "",
    `![memory, silence of /health, time to first token, queue, open files](${CHART_FILE})`,
    "",
    "The abuse begins at the first dashed line and ends at the second.",
    ...(faults.length === 0 ? [] : ["", "## Faults", ""]),
    ...faults.map((fault) => `- ${fault}`),
    "",
    "## The longest silences, and the abuse that was running",
    "",
    ...worstOf(run),
    "",
    "## Answers to each kind of abuse",
    "",
    "| kind | route | times | answers |",
    "|---|---|---|---|",
    ...kindsOf(run.abuses),
    "",
  ].join("\n");
}

function worstOf({ probes, abuses }: AbuseRun): readonly string[] {
  const worst = probes.toSorted((a, b) => b.ms - b.starvedMs - (a.ms - a.starvedMs));
  return worst.slice(0, WORST).map(({ atMs, ms, starvedMs }) => {
    const running = abusesAt(abuses, atMs, atMs + ms).slice(0, MAX_RUNNING_SHOWN);
    return `- ${whole(ms - starvedMs)} ms at ${(atMs / 1000).toFixed(1)} s: ${running.join(", ") || "no abuse"}`;
  });
}

function kindsOf(abuses: readonly AbuseRecord[]): readonly string[] {
  const rows = new Map<string, { times: number; notes: Map<string, number> }>();
  for (const { name, route, toMs, notes } of abuses) {
    const row = rows.get(`${name} | ${route}`) ?? { times: 0, notes: new Map() };
    row.times += 1;
    const noted = Number.isFinite(toMs) ? notes : { "cut off by the end of the run": 1 };
    for (const [note, times] of Object.entries(noted))
      row.notes.set(note, (row.notes.get(note) ?? 0) + times);
    rows.set(`${name} | ${route}`, row);
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
    name,
    color,
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
          line("running", "#8c564b", ({ busy }) => busy),
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

function memoryText(memoryMb: number | null): string {
  return memoryMb === null ? "(not measured)" : `${whole(memoryMb)} MB`;
}
