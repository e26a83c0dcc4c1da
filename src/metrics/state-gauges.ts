// The gauges of the server's state, in total and by model. Their sources are read at each scrape.

import type { Registry } from "prom-client";
import type { MemoryUse } from "../generation/memory-use.ts";
import { type KvTokens, MODEL_STATES, type ModelState } from "../generation/model-info.ts";
import { instrumentsIn } from "./instruments.ts";

/** What one served model takes and does. */
export type ModelFigures = {
  /** Its first name. */
  readonly name: string;
  readonly state: ModelState["state"];
  /** What its processes take; nothing while it is not loaded. */
  readonly memory: MemoryUse;
  readonly slots: number;
  readonly busy: number;
  /** Requests that wait for the model or its slots. */
  readonly waiting: number;
  readonly workerRestarts: number;
  readonly kvTokens: KvTokens;
  /** Tokens that its slots can hold; 0 while it is not loaded. */
  readonly kvCapacityTokens: number;
};

/** What a gateway says about its cluster. */
export type ClusterFigures = {
  readonly nodes: Readonly<Record<"ready" | "loading" | "draining", number>>;
  readonly isActive: boolean;
  readonly movedRuns: number;
  readonly resentEvents: number;
};

export type ServerFigures = {
  readonly slotsBusy: number;
  readonly queueLength: number;
  readonly queueLimit: number;
  readonly modelsLoaded: number;
  readonly modelsMemory: MemoryUse;
  /** What the models may take; null for a part that is not known. */
  readonly memoryBudget: { readonly [Part in keyof MemoryUse]: number | null };
  readonly diskCacheBytes: number;
  readonly models: readonly ModelFigures[];
  /** Null for a server alone, which has no such series. */
  readonly cluster: ClusterFigures | null;
};

/** @returns a function that reads the figures into the gauges */
export function stateGauges(registry: Registry, read: () => ServerFigures): () => void {
  const totals = totalGauges(registry);
  const byModel = modelGauges(registry);
  let ofCluster: ReturnType<typeof clusterGauges> | null = null;
  return () => {
    const figures = read();
    totals(figures);
    byModel(figures.models);
    if (!figures.cluster) return;
    ofCluster ??= clusterGauges(registry);
    ofCluster(figures.cluster);
  };
}

function clusterGauges(registry: Registry) {
  const { gauge, counter } = instrumentsIn(registry);
  const nodes = gauge("cluster_nodes");
  const active = gauge("cluster_gateway_active");
  const moved = counter("cluster_runs_moved_total");
  const resent = counter("cluster_events_resent_total");
  return (figures: ClusterFigures) => {
    for (const [state, count] of Object.entries(figures.nodes)) nodes.set({ state }, count);
    active.set(+figures.isActive);
    for (const each of [moved, resent]) each.reset();
    moved.inc(figures.movedRuns);
    resent.inc(figures.resentEvents);
  };
}

function totalGauges(registry: Registry) {
  const { gauge } = instrumentsIn(registry);
  const busy = gauge("slots_busy");
  const waiting = gauge("queue_length");
  const limit = gauge("queue_limit");
  const kvUsage = gauge("kv_cache_usage");
  const loaded = gauge("models_loaded");
  const [ram, vram] = [gauge("models_ram_bytes"), gauge("models_vram_bytes")];
  const [ramBudget, vramBudget] = [
    gauge("models_ram_budget_bytes"),
    gauge("models_vram_budget_bytes"),
  ];
  const diskLimit = gauge("prefix_cache_disk_limit_bytes");
  return (figures: ServerFigures) => {
    busy.set(figures.slotsBusy);
    waiting.set(figures.queueLength);
    limit.set(figures.queueLimit);
    kvUsage.set(usageOf(figures.models));
    loaded.set(figures.modelsLoaded);
    ram.set(figures.modelsMemory.ramBytes);
    vram.set(figures.modelsMemory.vramBytes);
    ramBudget.set(figures.memoryBudget.ramBytes ?? 0);
    vramBudget.set(figures.memoryBudget.vramBytes ?? 0);
    diskLimit.set(figures.diskCacheBytes);
  };
}

function modelGauges(registry: Registry) {
  const { gauge, counter } = instrumentsIn(registry);
  const states = gauge("model_state");
  const [ram, vram] = [gauge("model_ram_bytes"), gauge("model_vram_bytes")];
  const [slots, busy] = [gauge("model_slots"), gauge("model_slots_busy")];
  const waiting = gauge("model_queue_length");
  const restarts = counter("worker_restarts_total");
  const kvUsage = gauge("model_kv_cache_usage");
  const kvTokens = gauge("model_kv_cache_tokens");
  const kvCapacity = gauge("model_kv_cache_capacity_tokens");
  const all = [states, ram, vram, slots, busy, waiting, restarts, kvUsage, kvTokens, kvCapacity];
  return (models: readonly ModelFigures[]) => {
    for (const each of all) each.reset(); // a model that is not served any more has no series
    for (const figures of models) {
      const { name: model, memory } = figures;
      for (const state of MODEL_STATES) states.set({ model, state }, +(state === figures.state));
      ram.set({ model }, memory.ramBytes);
      vram.set({ model }, memory.vramBytes);
      slots.set({ model }, figures.slots);
      busy.set({ model }, figures.busy);
      waiting.set({ model }, figures.waiting);
      restarts.inc({ model }, figures.workerRestarts);
      kvUsage.set({ model }, usageOf([figures]));
      kvTokens.set({ model, use: "running" }, figures.kvTokens.running);
      kvTokens.set({ model, use: "kept" }, figures.kvTokens.kept);
      kvCapacity.set({ model }, figures.kvCapacityTokens);
    }
  };
}

/** The share of their KV caches that running requests hold. */
function usageOf(models: readonly ModelFigures[]): number {
  const capacity = models.reduce((sum, { kvCapacityTokens }) => sum + kvCapacityTokens, 0);
  const running = models.reduce((sum, { kvTokens }) => sum + kvTokens.running, 0);
  return capacity > 0 ? running / capacity : 0;
}
