// The panels of deploy/grafana-dashboard.json, by row.

import type { NameOf } from "../../src/metrics/metric-table.ts";
import { hasLabel, histogramSeries, processSeries, series } from "./series.ts";

export type Panel = {
  readonly title: string;
  /** A unit of Grafana. */
  readonly unit: "reqps" | "percentunit" | "s" | "short" | "bytes" | "none";
  /** PromQL by legend. */
  readonly queries: Readonly<Record<string, string>>;
  /** Whether the areas of the series are stacked. */
  readonly isStacked?: boolean;
};

const INSTANCE = 'instance=~"$instance"';
const RATE = "$__rate_interval";

/** The dashboard's variables, as far as the metric has such labels. */
function chosen(name: NameOf<"counter" | "gauge" | "histogram">): readonly string[] {
  const labels = ["model", "key"].filter((label) => hasLabel(name, label));
  return [INSTANCE, ...labels.map((label) => `${label}=~"$${label}"`)];
}

function value<Name extends NameOf<"counter" | "gauge">>(
  name: Name,
  selected: Parameters<typeof series<Name>>[1] = {},
): string {
  return series(name, selected, chosen(name));
}

function rate<Name extends NameOf<"counter">>(
  name: Name,
  by: string,
  selected: Parameters<typeof series<Name>>[1] = {},
): string {
  return `sum by (${by}) (rate(${value(name, selected)}[${RATE}]))`;
}

function percentiles(name: NameOf<"histogram">): Panel["queries"] {
  const buckets = `sum by (le, model) (rate(${histogramSeries(name, "bucket", chosen(name))}[${RATE}]))`;
  const entries = [50, 95, 99].map((percent) => [
    `p${percent} {{model}}`,
    `histogram_quantile(${percent / 100}, ${buckets})`,
  ]);
  return Object.fromEntries(entries);
}

function mean(name: NameOf<"histogram">): string {
  const grown = (field: "sum" | "count") =>
    `sum by (model) (rate(${histogramSeries(name, field, chosen(name))}[${RATE}]))`;
  return `${grown("sum")} / ${grown("count")}`;
}

const ofProcess = (name: Parameters<typeof processSeries>[0]) => processSeries(name, [INSTANCE]);

const TRAFFIC: readonly Panel[] = [
  {
    title: "Requests that ended, by outcome",
    unit: "reqps",
    queries: { "{{outcome}}": rate("requests_total", "outcome") },
    isStacked: true,
  },
  {
    title: "Requests by model",
    unit: "reqps",
    queries: { "{{model}}": rate("requests_total", "model") },
    isStacked: true,
  },
  {
    title: "Tokens of answers per second",
    unit: "short",
    queries: { "{{model}}": rate("tokens_total", "model", { direction: "out" }) },
    isStacked: true,
  },
];

const LATENCY: readonly Panel[] = [
  { title: "Time to first token", unit: "s", queries: percentiles("ttft_seconds") },
  { title: "Time between tokens", unit: "s", queries: percentiles("itl_seconds") },
  { title: "Arrival to end", unit: "s", queries: percentiles("e2e_seconds") },
  { title: "Time in the queue", unit: "s", queries: percentiles("queue_time_seconds") },
  { title: "Decode step", unit: "s", queries: percentiles("step_seconds") },
  { title: "Embeddings and rerank", unit: "s", queries: percentiles("embedding_e2e_seconds") },
];

const QUEUE: readonly Panel[] = [
  {
    title: "Slots in use",
    unit: "none",
    queries: { "{{model}}": value("model_slots_busy"), "all of {{model}}": value("model_slots") },
  },
  {
    title: "Requests that wait",
    unit: "none",
    queries: {
      "{{model}}": value("model_queue_length"),
      "limit {{instance}}": value("queue_limit"),
    },
  },
  {
    title: "State of each model",
    unit: "none",
    queries: { "{{model}}: {{state}}": `${value("model_state")} == 1` },
  },
  {
    title: "Tokens in a decode step, mean",
    unit: "none",
    queries: { "{{model}}": mean("batch_tokens") },
  },
  {
    title: "Computed after the client had left, and streams cut off",
    unit: "short",
    queries: {
      "tokens {{instance}}": rate("tokens_after_leaving_total", "instance"),
      "streams {{instance}}": rate("stalled_streams_total", "instance"),
    },
  },
];

const CACHE: readonly Panel[] = [
  {
    title: "Tokens per second",
    unit: "short",
    queries: { "{{direction}}": rate("tokens_total", "direction") },
  },
  {
    title: "Prompt tokens: cached, new, or why they were missed",
    unit: "short",
    queries: { "{{outcome}} {{tier}}": rate("prefix_tokens_total", "outcome, tier") },
    isStacked: true,
  },
  {
    title: "KV cache held by running requests",
    unit: "percentunit",
    queries: { "{{model}}": value("model_kv_cache_usage") },
  },
  {
    title: "Tokens in the KV cache",
    unit: "short",
    queries: {
      "{{model}} {{use}}": value("model_kv_cache_tokens"),
      "{{model}} capacity": value("model_kv_cache_capacity_tokens"),
    },
  },
  {
    title: "Saved prompts",
    unit: "bytes",
    queries: {
      "memory {{instance}}": value("prefix_cache_ram_bytes"),
      "disk {{instance}}": value("prefix_cache_disk_bytes"),
    },
  },
  {
    title: "Drafted tokens (speculative decoding)",
    unit: "short",
    queries: { "{{model}} {{outcome}}": rate("draft_tokens_total", "model, outcome") },
  },
];

const MEMORY: readonly Panel[] = [
  {
    title: "RAM of the models",
    unit: "bytes",
    queries: {
      "{{instance}}": value("models_ram_bytes"),
      "budget {{instance}}": value("models_ram_budget_bytes"),
    },
  },
  {
    title: "GPU memory of the models",
    unit: "bytes",
    queries: {
      "{{instance}}": value("models_vram_bytes"),
      "budget {{instance}}": value("models_vram_budget_bytes"),
    },
  },
  {
    title: "Memory by model",
    unit: "bytes",
    queries: {
      "{{model}} RAM": value("model_ram_bytes"),
      "{{model}} GPU": value("model_vram_bytes"),
    },
  },
];

const KEYS: readonly Panel[] = [
  {
    title: "Requests by key",
    unit: "reqps",
    queries: { "{{key}}": rate("key_requests_total", "key") },
    isStacked: true,
  },
  {
    title: "Tokens of answers per second, by key",
    unit: "short",
    queries: { "{{key}}": rate("key_tokens_total", "key", { direction: "out" }) },
    isStacked: true,
  },
  {
    title: "Prompt tokens per second, by key",
    unit: "short",
    queries: { "{{key}}": rate("key_tokens_total", "key", { direction: "in" }) },
    isStacked: true,
  },
];

/** Only gateways of a cluster have these. */
const CLUSTER: readonly Panel[] = [
  {
    title: "Nodes, as each gateway sees them",
    unit: "none",
    queries: { "{{state}} {{instance}}": value("cluster_nodes") },
  },
  {
    title: "The active gateway",
    unit: "none",
    queries: { "{{instance}}": value("cluster_gateway_active") },
    isStacked: true,
  },
  {
    title: "Runs moved to another node, and events lost and sent again",
    unit: "none",
    queries: {
      "moved {{instance}}": `increase(${value("cluster_runs_moved_total")}[${RATE}])`,
      "sent again {{instance}}": `increase(${value("cluster_events_resent_total")}[${RATE}])`,
    },
  },
];

const PROCESS: readonly Panel[] = [
  {
    title: "Event loop lag, p99",
    unit: "s",
    queries: { "{{instance}}": ofProcess("nodejs_eventloop_lag_p99_seconds") },
  },
  {
    title: "CPU of the server process",
    unit: "percentunit",
    queries: { "{{instance}}": `rate(${ofProcess("process_cpu_seconds_total")}[${RATE}])` },
  },
  {
    title: "Memory of the server process",
    unit: "bytes",
    queries: {
      "resident {{instance}}": ofProcess("process_resident_memory_bytes"),
      "heap {{instance}}": ofProcess("nodejs_heap_size_used_bytes"),
      "external {{instance}}": ofProcess("nodejs_external_memory_bytes"),
    },
  },
  {
    title: "Open files",
    unit: "none",
    queries: { "{{instance}}": ofProcess("process_open_fds") },
  },
  {
    title: "Restarts of workers, and uncaught errors",
    unit: "none",
    queries: {
      "restarts {{model}}": `increase(${value("worker_restarts_total")}[${RATE}])`,
      "uncaught {{instance}}": `increase(${value("uncaught_total")}[${RATE}])`,
    },
  },
  {
    title: "Lines lost for the audit file",
    unit: "none",
    queries: { "{{instance}}": `increase(${value("audit_lines_lost_total")}[${RATE}])` },
  },
  {
    title: "Uptime",
    unit: "s",
    queries: { "{{instance}}": `time() - ${ofProcess("process_start_time_seconds")}` },
  },
];

export const PANEL_ROWS: Readonly<Record<string, readonly Panel[]>> = {
  Traffic: TRAFFIC,
  Latency: LATENCY,
  "Queue and slots": QUEUE,
  "Tokens and cache": CACHE,
  Memory: MEMORY,
  Keys: KEYS,
  Cluster: CLUSTER,
  Process: PROCESS,
};
