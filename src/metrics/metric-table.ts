// All metrics of the server itself: type, labels and help. The instruments are made from this table, and so are the dashboard and
// the alert rules (scripts/monitoring/). Those of the Node process come from prom-client. Imports nothing.

/** Every metric's name begins with it. */
export const METRIC_PREFIX = "sluice_";

type MetricType = "counter" | "gauge" | "histogram";

type Metric<Type extends MetricType, Label extends string> = {
  readonly type: Type;
  readonly help: string;
  readonly labels: readonly Label[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets: readonly number[];
};

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600];
const INTER_TOKEN_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5];
const STEP_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const BATCH_TOKENS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048];

/** Labels by model have the model's first name, so there are as many series as models are served. */
export const METRICS = {
  requests_total: counter("Requests that have ended, by outcome", "model", "outcome"),
  tokens_total: counter(
    "Tokens: in (prompts), cached (prompt tokens found in the cache), out (answers)",
    ...(["model", "direction"] as const),
  ),
  prefix_tokens_total: counter(
    "Prompt tokens by the cache tier that had them (none: they were computed), and by outcome: hit, new, or why they were missed",
    ...(["model", "tier", "outcome"] as const),
  ),
  tokens_after_leaving_total: counter("Tokens computed after their client had disconnected"),
  stalled_streams_total: counter(
    "Streams ended because their client read nothing for the stall timeout",
  ),
  audit_lines_lost_total: counter("Lines that could not be written into the audit file"),
  uncaught_total: counter(
    "Errors that no request had caught: each is a bug, logged with its stack",
  ),
  queue_time_seconds: histogram("Time that requests waited for a slot", SECONDS, "model"),
  ttft_seconds: histogram("From the arrival of a request to its first token", SECONDS, "model"),
  itl_seconds: histogram("Time between tokens", INTER_TOKEN_SECONDS, "model"),
  e2e_seconds: histogram("From the arrival of a request to its end", SECONDS, "model"),
  step_seconds: histogram(
    "Duration of a decode step, from its start to its first token",
    STEP_SECONDS,
    "model",
  ),
  batch_tokens: histogram(
    "Tokens computed in one decode step by all slots; sum divided by count is the mean batch size",
    BATCH_TOKENS,
    "model",
  ),
  draft_tokens_total: counter(
    "Draft tokens of speculative decoding that were computed: accepted (part of the answer) or refused",
    ...(["model", "outcome"] as const),
  ),
  threads: gauge("Threads used by the last decode step"),
  prefix_cache_ram_bytes: gauge("Memory that saved prompts take, beyond the slots"),
  prefix_cache_disk_bytes: gauge("Disk space that saved prompts of the served models take"),
  prefix_cache_disk_limit_bytes: gauge("Disk space that saved prompts may take; 0 without a disk"),
  embedding_inputs_total: counter(
    "Inputs of embedding and rerank requests that were computed",
    "model",
  ),
  embedding_e2e_seconds: histogram(
    "From the arrival of an embedding or rerank request to its end",
    SECONDS,
    "model",
  ),
  slots_busy: gauge("Slots in use"),
  queue_length: gauge("Requests waiting for a slot"),
  queue_limit: gauge("Requests that may wait for a slot; further ones are refused"),
  kv_cache_usage: gauge(
    "Share of the KV cache that running requests hold, from 0 to 1, over all loaded models",
  ),
  worker_restarts_total: counter("Restarts of the worker processes that generate", "model"),
  models_loaded: gauge("Models that are loaded"),
  models_ram_bytes: gauge("RAM that the loaded models take"),
  models_vram_bytes: gauge("GPU memory that the loaded models take"),
  models_ram_budget_bytes: gauge("RAM that the loaded models may take"),
  models_vram_budget_bytes: gauge(
    "GPU memory that the loaded models may take; 0 without a GPU, and before a model was loaded",
  ),
  model_state: gauge("1 for the state that a model is in, 0 for the others", "model", "state"),
  model_ram_bytes: gauge("RAM that a model takes; 0 while it is not loaded", "model"),
  model_vram_bytes: gauge("GPU memory that a model takes; 0 while it is not loaded", "model"),
  model_slots: gauge("Slots of a model", "model"),
  model_slots_busy: gauge("Slots of a model in use", "model"),
  model_queue_length: gauge("Requests waiting for a model or one of its slots", "model"),
  model_kv_cache_usage: gauge(
    "Share of the KV cache of a model that its running requests hold, from 0 to 1",
    "model",
  ),
  model_kv_cache_tokens: gauge(
    "Tokens in the KV cache of a model: running (of requests on a slot), kept (of earlier prompts, on free slots)",
    ...(["model", "use"] as const),
  ),
  model_kv_cache_capacity_tokens: gauge(
    "Tokens that the KV cache of a model can hold: those of all its slots; 0 while it is not loaded",
    "model",
  ),
  cluster_nodes: gauge(
    "Nodes of the cluster by state: ready, loading (a model is not loaded), draining (shutting down)",
    "state",
  ),
  cluster_gateway_active: gauge("1 if this gateway is the active one, 0 if it stands by"),
  cluster_runs_moved_total: counter(
    "Runs that continued on another node, because theirs was lost or shut down",
  ),
  cluster_events_resent_total: counter("Events of nodes that were lost on the way and sent again"),
  key_requests_total: counter("Admitted requests of a key that have ended", "key"),
  key_tokens_total: counter(
    "Tokens of a key: in (prompts), cached (prompt tokens found in the cache), out (answers)",
    ...(["key", "direction"] as const),
  ),
};

/** Without the prefix. */
export type MetricName = keyof typeof METRICS;
export type MetricLabel<Name extends MetricName> = (typeof METRICS)[Name]["labels"][number];

/** Names, without the prefix, of the metrics of one type. */
export type NameOf<Type extends MetricType> = {
  [Name in MetricName]: (typeof METRICS)[Name]["type"] extends Type ? Name : never;
}[MetricName];

/** The full names of all gauges. */
export const GAUGE_NAMES: readonly string[] = Object.entries(METRICS)
  .filter(([, { type }]) => type === "gauge")
  .map(([name]) => METRIC_PREFIX + name);

function counter<Label extends string = never>(
  help: string,
  ...labels: readonly Label[]
): Metric<"counter", Label> {
  return { type: "counter", help, labels, buckets: [] };
}

function gauge<Label extends string = never>(
  help: string,
  ...labels: readonly Label[]
): Metric<"gauge", Label> {
  return { type: "gauge", help, labels, buckets: [] };
}

function histogram<Label extends string = never>(
  help: string,
  buckets: readonly number[],
  ...labels: readonly Label[]
): Metric<"histogram", Label> {
  return { type: "histogram", help, labels, buckets };
}
