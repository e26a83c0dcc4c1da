// The alerts of deploy/prometheus-rules.yml.

import { histogramSeries, processSeries, series } from "./series.ts";

/** `critical`: clients are not served. `warning`: they are served badly, or soon will be. `info`: look at it when you have time. */
type Severity = "critical" | "warning" | "info";

export type Alert = {
  /** Also the anchor of its entry in docs/runbook.md, in lower case. */
  readonly name: string;
  readonly expr: string;
  /** How long the expression must hold, such as `5m`. */
  readonly holds: string;
  readonly severity: Severity;
  readonly summary: string;
};

const REFUSED = "~queue_full|queue_timeout|deadline_unmeetable";
const FAILED = "~internal_error|worker_crashed|engine_unavailable|model_unusable";

const shareOf = (part: string, whole: string) => `${part} / ${whole}`;
/** Without those whose limit is 0, which means that there is none. */
const nearLimit = (value: string, limit: string, share: number) =>
  `${shareOf(value, limit)} > ${share} and ${limit} > 0`;

const SERVICE: readonly Alert[] = [
  {
    name: "SluiceDown",
    expr: 'up{job="sluice"} == 0',
    holds: "2m",
    severity: "critical",
    summary: "{{ $labels.instance }} cannot be scraped: the server is down, or its key is refused.",
  },
  {
    name: "SluiceModelFailed",
    expr: `${series("model_state", { state: "failed" })} == 1`,
    holds: "5m",
    severity: "critical",
    summary: "The model {{ $labels.model }} cannot be loaded. /v1/models and the log say why.",
  },
  {
    name: "SluiceWorkerRestarts",
    expr: `increase(${series("worker_restarts_total")}[15m]) > 0`,
    holds: "0m",
    severity: "warning",
    summary:
      "The process of the model {{ $labels.model }} died and was restarted. The log says why.",
  },
  {
    name: "SluiceWorkerCrashLoop",
    expr: `increase(${series("worker_restarts_total")}[15m]) > 3`,
    holds: "0m",
    severity: "critical",
    summary: "The process of the model {{ $labels.model }} keeps dying.",
  },
  {
    name: "SluiceFailsRequests",
    expr: `sum by (instance, model) (rate(${series("requests_total", { outcome: FAILED })}[5m])) > 0.02`,
    holds: "5m",
    severity: "critical",
    summary:
      "Requests for {{ $labels.model }} fail by the server's fault. The log has the reasons.",
  },
  {
    name: "SluiceAuditLosesLines",
    expr: `increase(${series("audit_lines_lost_total")}[15m]) > 0`,
    holds: "0m",
    severity: "critical",
    summary: "Lines of the audit file could not be written and are lost. The log says why.",
  },
  {
    name: "SluiceBug",
    expr: `increase(${series("uncaught_total")}[1h]) > 0`,
    holds: "0m",
    severity: "warning",
    summary: "An error that no request caught. Please report the stack in the log.",
  },
];

const LOAD: readonly Alert[] = [
  {
    name: "SluiceRefusesRequests",
    expr: `sum by (instance) (rate(${series("requests_total", { outcome: REFUSED })}[5m])) > 0.1`,
    holds: "5m",
    severity: "warning",
    summary: "The queue is full or too slow. Add slots or machines, or limit a key.",
  },
  {
    name: "SluiceQueueFills",
    expr: nearLimit(series("queue_length"), series("queue_limit"), 0.8),
    holds: "5m",
    severity: "warning",
    summary: "The queue is more than four fifths full: requests will be refused soon.",
  },
  {
    name: "SluiceSlowFirstToken",
    expr: `histogram_quantile(0.95, sum by (le, instance, model) (rate(${histogramSeries("ttft_seconds", "bucket")}[10m]))) > 30`,
    holds: "10m",
    severity: "warning",
    summary: "One of twenty requests for {{ $labels.model }} waits over 30 s for its first token.",
  },
  {
    name: "SluiceEventLoopLag",
    expr: `${processSeries("nodejs_eventloop_lag_p99_seconds")} > 0.25`,
    holds: "5m",
    severity: "warning",
    summary: "The server process is late by more than 250 ms: all streams stutter.",
  },
];

const MEMORY: readonly Alert[] = [
  {
    name: "SluiceKvCacheFull",
    expr: `${series("model_kv_cache_usage")} > 0.95`,
    holds: "10m",
    severity: "warning",
    summary: "Running requests of {{ $labels.model }} fill its context: answers may be cut.",
  },
  {
    name: "SluicePrefixCacheEvicts",
    expr: `${shareOf(
      `sum by (instance, model) (rate(${series("prefix_tokens_total", { outcome: "evicted" })}[30m]))`,
      `sum by (instance, model) (rate(${series("prefix_tokens_total")}[30m]))`,
    )} > 0.2`,
    holds: "30m",
    severity: "info",
    summary:
      "A fifth of the prompt tokens of {{ $labels.model }} is computed again: a larger prefix cache would help.",
  },
  {
    name: "SluiceDiskCacheFull",
    expr: nearLimit(
      series("prefix_cache_disk_bytes"),
      series("prefix_cache_disk_limit_bytes"),
      0.95,
    ),
    holds: "1h",
    severity: "info",
    summary: "The saved prompts on disk have reached their limit: older ones are dropped.",
  },
  {
    name: "SluiceRamNearBudget",
    expr: nearLimit(series("models_ram_bytes"), series("models_ram_budget_bytes"), 0.95),
    holds: "15m",
    severity: "info",
    summary:
      "The loaded models use the memory budget: another model waits until one can be unloaded.",
  },
  {
    name: "SluiceVramNearBudget",
    expr: nearLimit(series("models_vram_bytes"), series("models_vram_budget_bytes"), 0.95),
    holds: "15m",
    severity: "info",
    summary:
      "The loaded models use the GPU's budget: another model waits until one can be unloaded.",
  },
];

/** What the active gateway says: one that is cut off still has the nodes that it saw last. */
const ofActiveGateway = (value: string) =>
  `${value} and on (job, instance) ${series("cluster_gateway_active")} == 1`;
const READY_NODES = series("cluster_nodes", { state: "ready" });

/** By job, because the gateways of a cluster are targets of one job. */
const CLUSTER: readonly Alert[] = [
  {
    name: "SluiceClusterNoGateway",
    expr: `max by (job) (${series("cluster_gateway_active")}) == 0`,
    holds: "1m",
    severity: "critical",
    summary:
      "No gateway of the job {{ $labels.job }} is active: all requests get a 503. The log of the gateways says why.",
  },
  {
    name: "SluiceClusterNoNode",
    expr: `max by (job) (${ofActiveGateway(READY_NODES)}) == 0`,
    holds: "1m",
    severity: "critical",
    summary:
      "The gateways of the job {{ $labels.job }} have no node that is ready: requests wait, or get a 503.",
  },
  {
    name: "SluiceClusterNodeLost",
    expr: `max by (job) (${ofActiveGateway(READY_NODES)}) < max by (job) (max_over_time(${READY_NODES}[1h]))`,
    holds: "5m",
    severity: "warning",
    summary:
      "The job {{ $labels.job }} has {{ $value }} nodes that are ready, fewer than within the last hour.",
  },
  {
    name: "SluiceClusterRunsMove",
    expr: `sum by (job) (rate(${series("cluster_runs_moved_total")}[5m])) > 0.05`,
    holds: "15m",
    severity: "warning",
    summary:
      "Answers of the job {{ $labels.job }} keep moving between nodes: a node or its connection fails again and again.",
  },
  {
    name: "SluiceClusterEventsLost",
    expr: `sum by (job) (rate(${series("cluster_events_resent_total")}[5m])) > 1`,
    holds: "15m",
    severity: "info",
    summary:
      "Events between nodes and gateways of the job {{ $labels.job }} keep being lost and sent again: streams pause.",
  },
];

export const ALERT_GROUPS: Readonly<Record<string, readonly Alert[]>> = {
  "sluice-service": SERVICE,
  "sluice-load": LOAD,
  "sluice-memory": MEMORY,
  "sluice-cluster": CLUSTER,
};
