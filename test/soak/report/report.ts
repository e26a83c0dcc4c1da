// Writes the report of a run: a Markdown page and a chart.

import { percentile } from "../../../src/bench/stats.ts";
import { chart, type Line } from "./chart.ts";
import type { Growth } from "./growth.ts";
import type { Kill, RequestLine } from "./ledger.ts";
import type { Sample } from "./samples.ts";

export type Run = {
  readonly seed: number;
  readonly minutes: number;
  /** On the same clock as `lines` and `kills`. */
  readonly startedAtMs: number;
  readonly samples: readonly Sample[];
  readonly lines: readonly RequestLine[];
  readonly kills: readonly Kill[];
  readonly growth: Growth;
  readonly faults: readonly string[];
};

const CHART_FILE = "chart.svg";
const MOST_FAULTS = 100;

/** Files of the report by name. */
export function reportOf(run: Run): Readonly<Record<string, string>> {
  return { "report.md": pageOf(run), [CHART_FILE]: chartOf(run) };
}

/** The figures, one per line. */
export function figuresOf({ samples, lines, kills, growth, faults }: Run): readonly string[] {
  const ttfts = lines.flatMap(({ ttftMs }) => ttftMs ?? []);
  const [first, last] = [samples[0], samples.at(-1)];
  const seconds = ((last?.atMs ?? 0) - (first?.atMs ?? 0)) / 1000;
  const tokens = (last?.tokensOut ?? 0) - (first?.tokensOut ?? 0);
  const most = (of: (sample: Sample) => number) => Math.max(...samples.map(of));
  return [
    `${lines.length} requests: ${outcomesOf(lines)}`,
    `${(tokens / seconds).toFixed(0)} tokens/s; TTFT p50 ${percentile(ttfts, 0.5)} ms, p99 ${percentile(ttfts, 0.99)} ms`,
    `queue up to ${most(({ waiting }) => waiting)}, open files up to ${most(({ descriptors }) => descriptors)}`,
    `server ${first?.serverMb.toFixed(0)} MB at the start, ${last?.serverMb.toFixed(0)} MB at the end; ${growing(growth.server)}`,
    `server heap ${first?.heapMb.toFixed(1)} MB at the start, ${last?.heapMb.toFixed(1)} MB at the end; ${growing(growth.heap)}`,
    `worker ${last?.workerMb.toFixed(0)} MB at the end; ${growing(growth.worker)}`,
    `${kills.length} worker crashes; ${faults.length} faults`,
  ];
}

function growing(perMinute: number | null): string {
  return perMinute === null
    ? "too short to measure growth"
    : `${perMinute.toFixed(2)} MB per minute after warm-up`;
}

function outcomesOf(lines: readonly RequestLine[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of lines) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([outcome, count]) => `${count} ${outcome}`).join(", ");
}

function pageOf(run: Run): string {
  const { seed, minutes, faults } = run;
  return [
    `# Soak of ${minutes} minutes, seed ${seed}: ${faults.length === 0 ? "passed" : "FAILED"}`,
    "",
    ...figuresOf(run).map((figure) => `- ${figure}`),
    "",
    `![memory, throughput, time to first token, queue](${CHART_FILE})`,
    "",
    "Dashed lines are crashes.",
    ...(faults.length === 0 ? [] : ["", "## Faults", ""]),
    ...faults.slice(0, MOST_FAULTS).map((fault) => `- ${fault}`),
    "",
  ].join("\n");
}

function chartOf({ samples, lines, kills, startedAtMs, minutes }: Run): string {
  const line = (
    name: string,
    color: string,
    of: (sample: Sample, index: number) => number,
  ): Line => ({
    name,
    color,
    points: samples.map((sample, index) => [sample.atMs / 1000, of(sample, index)] as const),
  });
  const ttft = (share: number) => (_: Sample, index: number) => percentile(ttftsUpTo(index), share);
  const ttftsUpTo = (index: number) => {
    const [from, to] = [samples[index - 1]?.atMs ?? 0, samples[index]?.atMs ?? 0];
    const isThen = (atMs: number) => atMs - startedAtMs > from && atMs - startedAtMs <= to;
    return lines.flatMap(({ atMs, ttftMs }) => (ttftMs !== null && isThen(atMs) ? [ttftMs] : []));
  };
  const rate = ({ atMs, tokensOut }: Sample, index: number) => {
    const before = samples[index - 1];
    return before ? (1000 * (tokensOut - before.tokensOut)) / (atMs - before.atMs) : Number.NaN;
  };
  return chart({
    seconds: Math.max(minutes * 60, (samples.at(-1)?.atMs ?? 0) / 1000),
    marks: kills.map(({ atMs }) => (atMs - startedAtMs) / 1000),
    panels: [
      {
        title: "memory, MB",
        lines: [
          line("server", "#1f77b4", ({ serverMb }) => serverMb),
          line("heap", "#17becf", ({ heapMb }) => heapMb),
          line("worker", "#d62728", ({ workerMb }) => workerMb),
        ],
      },
      { title: "tokens/s of requests that ended", lines: [line("tokens", "#2ca02c", rate)] },
      {
        title: "time to first token, ms",
        lines: [line("p50", "#1f77b4", ttft(0.5)), line("p99", "#ff7f0e", ttft(0.99))],
      },
      {
        title: "requests",
        lines: [
          line("waiting", "#9467bd", ({ waiting }) => waiting),
          line("running", "#8c564b", ({ busy }) => busy),
        ],
      },
    ],
  });
}
