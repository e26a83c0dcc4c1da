// Prometheus names and buckets; turns finished requests into observations.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { ErrorCode } from "./errors.ts";
import type { FinishReason, Receipt, StepLoad } from "./generation/events.ts";

/**
 * How a request ended: the model's reason, `computed` for vectors and scores, or what went wrong. A closed set, so it may
 * be a label.
 */
export type RequestOutcome = FinishReason | "computed" | ErrorCode;

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600];
const INTER_TOKEN_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5];

const STEP_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const BATCH_TOKENS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048];

/** Read at every scrape. */
export type Gauges = {
  readonly slotsBusy: () => number;
  readonly queueLength: () => number;
  readonly workerRestarts: () => number;
};

/** Totals of one key. */
export type KeyFigures = {
  readonly name: string;
  readonly requests: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
};

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
      help: "Tokens of prompts (in), of these from the cache (cached), and of answers (out)",
      labelNames: ["direction"],
      registers,
    });
    this.#wastedTokens = new Counter({
      name: "sluice_tokens_after_leaving_total",
      help: "Tokens computed after their client had left",
      registers,
    });
    this.#stalled = new Counter({
      name: "sluice_stalled_streams_total",
      help: "Streams cut off because their reader took nothing for the stall limit",
      registers,
    });
    this.#uncaught = new Counter({
      name: "sluice_uncaught_total",
      help: "Errors that no request had caught: each is a bug, and in the log with its stack",
      registers,
    });
    this.#queue = histogram("queue_time", "Waiting for a slot");
    this.#firstToken = histogram("ttft", "Arrival of a request to its first text");
    this.#interToken = histogram("itl", "Time between tokens", INTER_TOKEN_SECONDS);
    this.#total = histogram("e2e", "Arrival of a request to its end");
    this.#step = histogram(
      "step",
      "Decode steps, from their start to the first token",
      STEP_SECONDS,
    );
    this.#batch = new Histogram({
      name: "sluice_batch_tokens",
      help: "Tokens computed in one decode step, of all slots: its sum over its count is the mean batch size",
      buckets: BATCH_TOKENS,
      registers,
    });
    this.#threads = new Gauge({
      name: "sluice_threads",
      help: "Threads that computed the last decode step",
      registers,
    });
    this.#inputs = new Counter({
      name: "sluice_embedding_inputs_total",
      help: "Inputs that vectors or scores were computed for",
      registers,
    });
    this.#computing = histogram(
      "embedding_e2e",
      "Arrival of an embedding or rerank request to its end",
    );
  }

  /** To be called once, when the parts that know the figures exist. */
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
    gauge("queue_length", "Requests that wait for a slot", queueLength);
    new Counter({
      name: "sluice_worker_restarts_total",
      help: "Worker processes that had to be replaced",
      registers,
      collect() {
        this.reset();
        this.inc(workerRestarts());
      },
    });
  }

  /** `receipt`: as far as the request came; null when it never got beyond its checks. */
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

  /** `gapMs`: from one delta to the next, which brought `tokens` tokens. */
  tokensArrived(gapMs: number, tokens: number): void {
    this.#interToken.observe(gapMs / tokens / 1000);
  }

  stepComputed({ ms, decodes, promptTokens, threads }: StepLoad): void {
    this.#step.observe(ms / 1000);
    this.#batch.observe(decodes + promptTokens);
    this.#threads.set(threads);
  }

  /** A request for vectors or scores has ended, with so many of its inputs computed. */
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

  /** The Prometheus text format. @param keys those whose own series are shown */
  async text(keys: readonly KeyFigures[]): Promise<string> {
    return `${await this.#registry.metrics()}\n${await seriesOf(keys).metrics()}`;
  }
}

/** Made for each reader: not everybody may see everybody's. There are up to a thousand keys, so names may be labels. */
function seriesOf(keys: readonly KeyFigures[]): Registry {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "sluice_key_requests_total",
    help: "Requests of a key that were let in, and have ended",
    labelNames: ["key"],
    registers,
  });
  const tokens = new Counter({
    name: "sluice_key_tokens_total",
    help: "Tokens of a key's prompts (in), of these from the cache (cached), and of its answers (out)",
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
