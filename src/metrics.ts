// The Prometheus metrics: names, buckets, and how finished requests are counted.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { ErrorCode } from "./errors.ts";
import type { FinishReason, KeyUsage, Receipt, StepLoad } from "./generation/events.ts";

/**
 * How a request ended: the finish reason, `computed` for embeddings and rerank scores, or an error code. A closed set, so
 * that it can be a label.
 */
export type RequestOutcome = FinishReason | "computed" | ErrorCode;

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600];
const INTER_TOKEN_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5];

const STEP_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const BATCH_TOKENS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048];

/** Read at each scrape. */
export type Gauges = {
  readonly slotsBusy: () => number;
  readonly queueLength: () => number;
  readonly workerRestarts: () => number;
};

/** Totals of one key. */
type KeyFigures = KeyUsage & { readonly name: string };

export type ComputedInputs = {
  readonly inputs: number;
  readonly promptTokens: number;
  readonly queueMs: number;
  readonly totalMs: number;
};

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<"outcome">;
  readonly #tokens: Counter<"direction">;
  readonly #wastedTokens: Counter;
  readonly #stalled: Counter;
  readonly #uncaught: Counter;
  readonly #queue: Histogram;
  readonly #firstToken: Histogram;
  readonly #interToken: Histogram;
  readonly #total: Histogram;
  readonly #step: Histogram;
  readonly #batch: Histogram;
  readonly #threads: Gauge;
  readonly #inputs: Counter;
  readonly #computing: Histogram;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({
      register: this.#registry,
      prefix: "sluice_",
      eventLoopMonitoringPrecision: 10, // ms; at 1 an idle server would use 2 % of a CPU
    });
    const histogram = (name: string, help: string, buckets = SECONDS) =>
      new Histogram({ name: `sluice_${name}_seconds`, help, buckets, registers });
    this.#requests = new Counter({
      name: "sluice_requests_total",
      help: "Requests that have ended, by outcome",
      labelNames: ["outcome"],
      registers,
    });
    this.#tokens = new Counter({
      name: "sluice_tokens_total",
      help: "Tokens: in (prompts), cached (prompt tokens found in the cache), out (answers)",
      labelNames: ["direction"],
      registers,
    });
    this.#wastedTokens = new Counter({
      name: "sluice_tokens_after_leaving_total",
      help: "Tokens computed after their client had disconnected",
      registers,
    });
    this.#stalled = new Counter({
      name: "sluice_stalled_streams_total",
      help: "Streams ended because their client read nothing for the stall timeout",
      registers,
    });
    this.#uncaught = new Counter({
      name: "sluice_uncaught_total",
      help: "Errors that no request had caught: each is a bug, logged with its stack",
      registers,
    });
    this.#queue = histogram("queue_time", "Time that requests waited for a slot");
    this.#firstToken = histogram("ttft", "From the arrival of a request to its first token");
    this.#interToken = histogram("itl", "Time between tokens", INTER_TOKEN_SECONDS);
    this.#total = histogram("e2e", "From the arrival of a request to its end");
    this.#step = histogram(
      "step",
      "Duration of a decode step, from its start to its first token",
      STEP_SECONDS,
    );
    this.#batch = new Histogram({
      name: "sluice_batch_tokens",
      help: "Tokens computed in one decode step by all slots; sum divided by count is the mean batch size",
      buckets: BATCH_TOKENS,
      registers,
    });
    this.#threads = new Gauge({
      name: "sluice_threads",
      help: "Threads used by the last decode step",
      registers,
    });
    this.#inputs = new Counter({
      name: "sluice_embedding_inputs_total",
      help: "Inputs of embedding and rerank requests that were computed",
      registers,
    });
    this.#computing = histogram(
      "embedding_e2e",
      "From the arrival of an embedding or rerank request to its end",
    );
  }

  /** Must be called once, when the sources of the gauges exist. */
  watch({ slotsBusy, queueLength, workerRestarts }: Gauges): void {
    const registers = [this.#registry];
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name: `sluice_${name}`,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    gauge("slots_busy", "Slots in use", slotsBusy);
    gauge("queue_length", "Requests waiting for a slot", queueLength);
    new Counter({
      name: "sluice_worker_restarts_total",
      help: "Restarts of the worker process",
      registers,
      collect() {
        this.reset();
        this.inc(workerRestarts());
      },
    });
  }

  /** @param receipt the figures so far; null if the request was refused before it ran */
  requestEnded(outcome: RequestOutcome, receipt: Receipt | null): void {
    this.#requests.inc({ outcome });
    if (outcome === "client_stalled") this.#stalled.inc();
    if (!receipt) return;
    this.#tokens.inc({ direction: "in" }, receipt.usage.promptTokens);
    this.#tokens.inc({ direction: "cached" }, receipt.usage.cachedTokens);
    this.#tokens.inc({ direction: "out" }, receipt.usage.completionTokens);
    this.#queue.observe(receipt.queueMs / 1000);
    this.#total.observe(receipt.totalMs / 1000);
    if (receipt.firstTokenMs !== null) this.#firstToken.observe(receipt.firstTokenMs / 1000);
  }

  /** @param gapMs since the last delta. @param tokens in the new delta */
  tokensArrived(gapMs: number, tokens: number): void {
    this.#interToken.observe(gapMs / tokens / 1000);
  }

  stepComputed({ ms, decodes, promptTokens, threads }: StepLoad): void {
    this.#step.observe(ms / 1000);
    this.#batch.observe(decodes + promptTokens);
    this.#threads.set(threads);
  }

  /** An embedding or rerank request has ended. */
  inputsComputed({ inputs, promptTokens, queueMs, totalMs }: ComputedInputs): void {
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
    return `${await this.#registry.metrics()}\n${await seriesOf(keys).metrics()}`;
  }
}

/** Built for each scrape, because a caller may see only its own key. Up to a thousand keys exist, so names can be labels. */
function seriesOf(keys: readonly KeyFigures[]): Registry {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "sluice_key_requests_total",
    help: "Admitted requests of a key that have ended",
    labelNames: ["key"],
    registers,
  });
  const tokens = new Counter({
    name: "sluice_key_tokens_total",
    help: "Tokens of a key: in (prompts), cached (prompt tokens found in the cache), out (answers)",
    labelNames: ["key", "direction"],
    registers,
  });
  for (const { name: key, ...used } of keys) {
    requests.inc({ key }, used.requests);
    tokens.inc({ key, direction: "in" }, used.promptTokens);
    tokens.inc({ key, direction: "cached" }, used.cachedTokens);
    tokens.inc({ key, direction: "out" }, used.completionTokens);
  }
  return registry;
}
