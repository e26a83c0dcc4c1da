// The Prometheus metrics: what is counted when, and the text of a scrape.

import { collectDefaultMetrics, Registry } from "prom-client";
import type { LoggedMiss } from "../generation/cache-miss.ts";
import type { PrefixTier, SavedBytes, StepLoad, Usage } from "../generation/events.ts";
import type { EmbeddingWork, EndedRequest } from "../journal/journal.ts";
import { instrumentsIn } from "./instruments.ts";
import { type KeyFigures, keySeries } from "./key-series.ts";
import { aliasLines } from "./metric-alias.ts";
import { METRIC_PREFIX } from "./metric-table.ts";
import { type ServerFigures, stateGauges } from "./state-gauges.ts";

type ReadPrompt = Pick<Usage, "promptTokens" | "cachedTokens"> & {
  readonly prefixTier: PrefixTier;
};

/** The label of requests that were refused before their model was known. */
const NO_MODEL = "";

/** A model is named by its first name here, or null if it is not known. */
export class Metrics {
  readonly #registry = processRegistry();
  readonly #make = instrumentsIn(this.#registry);
  readonly #requests = this.#make.counter("requests_total");
  readonly #tokens = this.#make.counter("tokens_total");
  readonly #prefixTokens = this.#make.counter("prefix_tokens_total");
  readonly #wastedTokens = this.#make.counter("tokens_after_leaving_total");
  readonly #stalled = this.#make.counter("stalled_streams_total");
  readonly #auditLost = this.#make.counter("audit_lines_lost_total");
  readonly #uncaught = this.#make.counter("uncaught_total");
  readonly #queue = this.#make.histogram("queue_time_seconds");
  readonly #firstToken = this.#make.histogram("ttft_seconds");
  readonly #interToken = this.#make.histogram("itl_seconds");
  readonly #total = this.#make.histogram("e2e_seconds");
  readonly #step = this.#make.histogram("step_seconds");
  readonly #batch = this.#make.histogram("batch_tokens");
  readonly #drafts = this.#make.counter("draft_tokens_total");
  readonly #threads = this.#make.gauge("threads");
  readonly #savedInRam = this.#make.gauge("prefix_cache_ram_bytes");
  readonly #savedOnDisk = this.#make.gauge("prefix_cache_disk_bytes");
  readonly #inputs = this.#make.counter("embedding_inputs_total");
  readonly #computing = this.#make.histogram("embedding_e2e_seconds");
  readonly #saved = new Map<string, SavedBytes>();
  readonly #aliases: readonly string[];
  #readGauges: () => void = () => {};

  /** @param aliases values of --metric-alias */
  constructor(aliases: readonly string[]) {
    this.#aliases = aliases;
  }

  /** Must be called once, when the source of the gauges exists. @param read called at each scrape */
  watch(read: () => ServerFigures): void {
    this.#readGauges = stateGauges(this.#registry, read);
  }

  requestEnded({ outcome, work }: EndedRequest): void {
    const model = work?.servedModel ?? NO_MODEL;
    this.#requests.inc({ model, outcome });
    if (outcome === "client_stalled") this.#stalled.inc();
    if (work?.type === "embedding") this.#inputsComputed(work, model);
    if (work?.type !== "answer" || !work.isPrepared) return;
    const { receipt } = work;
    this.#tokens.inc({ model, direction: "in" }, receipt.usage.promptTokens);
    this.#tokens.inc({ model, direction: "cached" }, receipt.usage.cachedTokens);
    this.#tokens.inc({ model, direction: "out" }, receipt.usage.completionTokens);
    this.#queue.observe({ model }, receipt.queueMs / 1000);
    this.#total.observe({ model }, receipt.totalMs / 1000);
    if (receipt.firstTokenMs !== null)
      this.#firstToken.observe({ model }, receipt.firstTokenMs / 1000);
  }

  /** A prompt has been read. `miss`: why the cache lacked tokens that were computed before; null if it did not */
  promptRead(
    { promptTokens, cachedTokens, prefixTier }: ReadPrompt,
    {
      servedModel,
      miss,
    }: { readonly servedModel: string | null; readonly miss: LoggedMiss | null },
  ): void {
    const model = servedModel ?? NO_MODEL;
    const missed = miss?.missedTokens ?? 0;
    const fresh = Math.max(0, promptTokens - cachedTokens - missed);
    if (cachedTokens > 0)
      this.#prefixTokens.inc({ model, tier: prefixTier, outcome: "hit" }, cachedTokens);
    if (miss) this.#prefixTokens.inc({ model, tier: "none", outcome: miss.reason }, missed);
    if (fresh > 0) this.#prefixTokens.inc({ model, tier: "none", outcome: "new" }, fresh);
  }

  /** @param gapMs time between two tokens */
  tokensArrived(servedModel: string | null, gapMs: number): void {
    this.#interToken.observe({ model: servedModel ?? NO_MODEL }, gapMs / 1000);
  }

  /** @param model whose saved prompts have this size now */
  prefixesSaved(model: string, bytes: SavedBytes): void {
    this.#saved.set(model, bytes);
    const all = [...this.#saved.values()];
    this.#savedInRam.set(all.reduce((sum, { ram }) => sum + ram, 0));
    this.#savedOnDisk.set(all.reduce((sum, { disk }) => sum + disk, 0));
  }

  stepComputed(model: string, { ms, decodes, promptTokens, drafts, threads }: StepLoad): void {
    this.#step.observe({ model }, ms / 1000);
    this.#batch.observe({ model }, decodes + (drafts?.checked ?? 0) + promptTokens);
    this.#threads.set(threads);
    if (!drafts) return;
    this.#drafts.inc({ model, outcome: "accepted" }, drafts.accepted);
    this.#drafts.inc({ model, outcome: "refused" }, drafts.refused);
  }

  #inputsComputed(work: EmbeddingWork, model: string): void {
    const { inputs, promptTokens, queueMs, totalMs } = work;
    if (inputs === 0) return;
    this.#inputs.inc({ model }, inputs);
    this.#tokens.inc({ model, direction: "in" }, promptTokens);
    this.#queue.observe({ model }, queueMs / 1000);
    this.#computing.observe({ model }, totalMs / 1000);
  }

  auditLinesLost(lines: number): void {
    this.#auditLost.inc(lines);
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
    const totals = await this.#registry.metrics();
    const parts = [totals, aliasLines(totals, this.#aliases), await keySeries(keys)];
    return parts.filter((part) => part !== "").join("\n");
  }
}

function processRegistry(): Registry {
  const register = new Registry();
  collectDefaultMetrics({
    register,
    prefix: METRIC_PREFIX,
    eventLoopMonitoringPrecision: 10, // ms; at 1 an idle server would use 2 % of a CPU
  });
  return register;
}
