// The Prometheus metrics: names, buckets, and how finished requests are counted.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { LoggedMiss } from "./generation/cache-miss.ts";
import type { KeyUsage, PrefixTier, SavedBytes, StepLoad, Usage } from "./generation/events.ts";
import type { MemoryUse } from "./generation/memory-use.ts";
import type { EmbeddingWork, EndedRequest } from "./journal/journal.ts";

/** Every metric's name begins with it. */
const PREFIX = "sluice_";
const HELP = {
  requests_total: "Requests that have ended, by outcome",
  tokens_total: "Tokens: in (prompts), cached (prompt tokens found in the cache), out (answers)",
  prefix_tokens_total:
    "Prompt tokens by the cache tier that had them (none: they were computed), and by outcome: hit, new, or why they were missed",
  tokens_after_leaving_total: "Tokens computed after their client had disconnected",
  stalled_streams_total: "Streams ended because their client read nothing for the stall timeout",
  uncaught_total: "Errors that no request had caught: each is a bug, logged with its stack",
  queue_time_seconds: "Time that requests waited for a slot",
  ttft_seconds: "From the arrival of a request to its first token",
  itl_seconds: "Time between tokens",
  e2e_seconds: "From the arrival of a request to its end",
  step_seconds: "Duration of a decode step, from its start to its first token",
  batch_tokens:
    "Tokens computed in one decode step by all slots; sum divided by count is the mean batch size",
  draft_tokens_total:
    "Draft tokens of speculative decoding that were computed: accepted (part of the answer) or refused",
  threads: "Threads used by the last decode step",
  prefix_cache_ram_bytes: "Memory that saved prompts take, beyond the slots",
  prefix_cache_disk_bytes: "Disk space that saved prompts of the served model take",
  embedding_inputs_total: "Inputs of embedding and rerank requests that were computed",
  embedding_e2e_seconds: "From the arrival of an embedding or rerank request to its end",
  slots_busy: "Slots in use",
  queue_length: "Requests waiting for a slot",
  worker_restarts_total: "Restarts of the worker processes that generate",
  models_loaded: "Models that are loaded",
  models_ram_bytes: "RAM that the loaded models take",
  models_vram_bytes: "GPU memory that the loaded models take",
  key_requests_total: "Admitted requests of a key that have ended",
  key_tokens_total:
    "Tokens of a key: in (prompts), cached (prompt tokens found in the cache), out (answers)",
};
type MetricName = keyof typeof HELP;

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600];
const INTER_TOKEN_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5];

const STEP_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const BATCH_TOKENS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048];

/** Read at each scrape. */
export type Gauges = {
  readonly slotsBusy: () => number;
  readonly queueLength: () => number;
  readonly workerRestarts: () => number;
  readonly modelsLoaded: () => number;
  readonly modelsMemory: () => MemoryUse;
};

/** Totals of one key. */
type KeyFigures = KeyUsage & { readonly name: string };

type ReadPrompt = Pick<Usage, "promptTokens" | "cachedTokens"> & {
  readonly prefixTier: PrefixTier;
};

export class Metrics {
  readonly #registry = processRegistry();
  readonly #make = metricsIn(this.#registry);
  readonly #requests = this.#make.counter("requests_total", ["outcome"]);
  readonly #tokens = this.#make.counter("tokens_total", ["direction"]);
  readonly #prefixTokens = this.#make.counter("prefix_tokens_total", ["tier", "outcome"]);
  readonly #wastedTokens = this.#make.counter("tokens_after_leaving_total");
  readonly #stalled = this.#make.counter("stalled_streams_total");
  readonly #uncaught = this.#make.counter("uncaught_total");
  readonly #queue = this.#make.histogram("queue_time_seconds");
  readonly #firstToken = this.#make.histogram("ttft_seconds");
  readonly #interToken = this.#make.histogram("itl_seconds", INTER_TOKEN_SECONDS);
  readonly #total = this.#make.histogram("e2e_seconds");
  readonly #step = this.#make.histogram("step_seconds", STEP_SECONDS);
  readonly #batch = this.#make.histogram("batch_tokens", BATCH_TOKENS);
  readonly #drafts = this.#make.counter("draft_tokens_total", ["outcome"]);
  readonly #threads = this.#make.gauge("threads");
  readonly #savedInRam = this.#make.gauge("prefix_cache_ram_bytes");
  readonly #savedOnDisk = this.#make.gauge("prefix_cache_disk_bytes");
  readonly #inputs = this.#make.counter("embedding_inputs_total");
  readonly #computing = this.#make.histogram("embedding_e2e_seconds");
  readonly #saved = new Map<string, SavedBytes>();
  #readGauges: () => void = () => {};

  /** Must be called once, when the sources of the gauges exist. */
  watch({ slotsBusy, queueLength, workerRestarts, modelsLoaded, modelsMemory }: Gauges): void {
    const { gauge, counter } = this.#make;
    const busy = gauge("slots_busy");
    const waiting = gauge("queue_length");
    const restarts = counter("worker_restarts_total");
    const loaded = gauge("models_loaded");
    const [ram, vram] = [gauge("models_ram_bytes"), gauge("models_vram_bytes")];
    this.#readGauges = () => {
      busy.set(slotsBusy());
      waiting.set(queueLength());
      restarts.reset();
      restarts.inc(workerRestarts());
      loaded.set(modelsLoaded());
      const { ramBytes, vramBytes } = modelsMemory();
      ram.set(ramBytes);
      vram.set(vramBytes);
    };
  }

  requestEnded({ outcome, work }: EndedRequest): void {
    this.#requests.inc({ outcome });
    if (outcome === "client_stalled") this.#stalled.inc();
    if (work?.type === "embedding") this.#inputsComputed(work);
    if (work?.type !== "answer" || !work.isPrepared) return;
    const { receipt } = work;
    this.#tokens.inc({ direction: "in" }, receipt.usage.promptTokens);
    this.#tokens.inc({ direction: "cached" }, receipt.usage.cachedTokens);
    this.#tokens.inc({ direction: "out" }, receipt.usage.completionTokens);
    this.#queue.observe(receipt.queueMs / 1000);
    this.#total.observe(receipt.totalMs / 1000);
    if (receipt.firstTokenMs !== null) this.#firstToken.observe(receipt.firstTokenMs / 1000);
  }

  /** A prompt has been read. @param miss why the cache lacked tokens that were computed before; null if it did not */
  promptRead(
    { promptTokens, cachedTokens, prefixTier }: ReadPrompt,
    miss: LoggedMiss | null,
  ): void {
    const missed = miss?.missedTokens ?? 0;
    const fresh = Math.max(0, promptTokens - cachedTokens - missed);
    if (cachedTokens > 0)
      this.#prefixTokens.inc({ tier: prefixTier, outcome: "hit" }, cachedTokens);
    if (miss) this.#prefixTokens.inc({ tier: "none", outcome: miss.reason }, missed);
    if (fresh > 0) this.#prefixTokens.inc({ tier: "none", outcome: "new" }, fresh);
  }

  /** @param gapMs time between two tokens */
  tokensArrived(gapMs: number): void {
    this.#interToken.observe(gapMs / 1000);
  }

  /** @param model whose saved prompts have this size now */
  prefixesSaved(model: string, bytes: SavedBytes): void {
    this.#saved.set(model, bytes);
    const all = [...this.#saved.values()];
    this.#savedInRam.set(all.reduce((sum, { ram }) => sum + ram, 0));
    this.#savedOnDisk.set(all.reduce((sum, { disk }) => sum + disk, 0));
  }

  stepComputed({ ms, decodes, promptTokens, drafts, threads }: StepLoad): void {
    this.#step.observe(ms / 1000);
    this.#batch.observe(decodes + (drafts?.checked ?? 0) + promptTokens);
    this.#threads.set(threads);
    if (!drafts) return;
    this.#drafts.inc({ outcome: "accepted" }, drafts.accepted);
    this.#drafts.inc({ outcome: "refused" }, drafts.refused);
  }

  #inputsComputed({ inputs, promptTokens, queueMs, totalMs }: EmbeddingWork): void {
    if (inputs === 0) return;
    this.#inputs.inc(inputs);
    this.#tokens.inc({ direction: "in" }, promptTokens);
    this.#queue.observe(queueMs / 1000);
    this.#computing.observe(totalMs / 1000);
  }

  uncaught(): void {
    this.#uncaught.inc();
  }

  tokensWasted(tokens: number): void {
    this.#wastedTokens.inc(tokens);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The Prometheus text format. @param keys the keys whose series are included */
  async text(keys: readonly KeyFigures[]): Promise<string> {
    this.#readGauges();
    return `${await this.#registry.metrics()}\n${await seriesOf(keys).metrics()}`;
  }
}

function processRegistry(): Registry {
  const register = new Registry();
  collectDefaultMetrics({
    register,
    prefix: PREFIX,
    eventLoopMonitoringPrecision: 10, // ms; at 1 an idle server would use 2 % of a CPU
  });
  return register;
}

function metricsIn(registry: Registry) {
  const described = (name: MetricName) => ({
    name: PREFIX + name,
    help: HELP[name],
    registers: [registry],
  });
  return {
    counter: <Label extends string = never>(name: MetricName, labelNames: readonly Label[] = []) =>
      new Counter({ ...described(name), labelNames }),
    gauge: (name: MetricName) => new Gauge(described(name)),
    histogram: (name: MetricName, buckets = SECONDS) =>
      new Histogram({ ...described(name), buckets }),
  };
}

/** Built for each scrape, because a caller may see only its own key. Up to a thousand keys exist, so names can be labels. */
function seriesOf(keys: readonly KeyFigures[]): Registry {
  const registry = new Registry();
  const { counter } = metricsIn(registry);
  const requests = counter("key_requests_total", ["key"]);
  const tokens = counter("key_tokens_total", ["key", "direction"]);
  for (const { name: key, ...used } of keys) {
    requests.inc({ key }, used.requests);
    tokens.inc({ key, direction: "in" }, used.promptTokens);
    tokens.inc({ key, direction: "cached" }, used.cachedTokens);
    tokens.inc({ key, direction: "out" }, used.completionTokens);
  }
  return registry;
}
