// Builds the engines, each with a worker process: one that generates, and those for embeddings and reranking. Called by service.ts.

import path from "node:path";
import type { Config } from "./config/config.ts";
import { type EmbeddingEngine, WorkerEmbeddingEngine } from "./engine/embedding-engine.ts";
import type { Engine } from "./engine/engine.ts";
import type { ModelOptions, PrefixStorage } from "./engine/messages.ts";
import { makePrefixFolder, type PrefixFolder } from "./engine/prefix-folder.ts";
import { WorkerEngine } from "./engine/worker-engine.ts";
import { WorkerProcess } from "./engine/worker-process.ts";
import type { EmbeddingService } from "./http/embeddings/embedding-service.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { Catalog } from "./models/catalog.ts";
import { Admissions, type AdmissionsOptions } from "./queue/admissions.ts";

/** Load progress is logged in steps of this size. */
const PROGRESS_STEP_PERCENT = 25;

export type EngineParts = {
  readonly workerFolder?: string;
  /** Where saved prefixes go besides memory; null for nowhere. */
  readonly diskCache: PrefixStorage["disk"];
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
};

export function createEngine(parts: EngineParts): Engine {
  const { config, log, metrics, workerFolder, diskCache } = parts;
  let lastLogged = 0;
  const memory = openPrefixFolder(config, log);
  const prefixCache = memory && {
    folder: memory.folder,
    maxRamBytes: memory.maxRamBytes,
    disk: diskCache,
  };
  return new WorkerEngine({
    ...config,
    entry: workerEntry("main", workerFolder),
    model: { ...modelOptions(config), prefixCache },
    onClosed: () => memory?.remove(),
    streamBufferBytes: config.streamBuffer,
    log: (level, message) => log[level](message),
    onWastedTokens: (tokens) => metrics.tokensWasted(tokens),
    onSaved: (bytes) => metrics.prefixesSaved(bytes),
    onLoad: (load) => metrics.stepComputed(load),
    onLoadProgress: (progress) => {
      const percent = Math.floor((progress * 100) / PROGRESS_STEP_PERCENT) * PROGRESS_STEP_PERCENT;
      if (percent === lastLogged) return;
      lastLogged = percent;
      if (percent > 0) log.info(`loading ${path.basename(config.model)}: ${percent} %`);
    },
  });
}

/** Null if prompts are cached in slots alone. */
function openPrefixFolder({ cacheRam }: Config, log: Logger): PrefixFolder | null {
  try {
    return makePrefixFolder(cacheRam ?? null);
  } catch (error) {
    log.warn(`prompts are cached in slots alone: ${(error as Error).message}`);
    return null;
  }
}

function modelOptions(config: Config): ModelOptions {
  return {
    modelPath: path.resolve(config.model),
    gpu: config.gpu,
    gpuLayers: config.gpuLayers ?? null,
    slots: config.slots,
    contextTokens: config.context ?? null,
    threads: config.threads ?? null,
    flashAttention: config.flashAttention,
    batchTokens: config.batchSize ?? null,
    threadGovernor: config.threadGovernor,
    stepTargetMs: config.stepTargetMs ?? null,
    prefixCache: null,
    speculation: config.speculation === "auto",
  };
}

/** Facts about a model, without its weights in memory. @throws ServiceError `engine_unavailable` with one clear line */
export async function describeModel(
  config: Config,
  log: (level: "info" | "warn" | "error", message: string) => void,
) {
  const worker = new WorkerProcess({
    ...config,
    entry: workerEntry("describe-main"),
    model: modelOptions(config),
    log,
    onLoadProgress: () => {},
    onStep: () => {},
    onExit: () => {},
  });
  try {
    return await worker.firstLoad;
  } finally {
    await worker.close();
  }
}

function workerEntry(name: "main" | "embedding-main" | "describe-main", folder?: string): string {
  if (folder !== undefined) return path.join(folder, `${name}.js`);
  return path.join(import.meta.dirname, "worker", `${name}${path.extname(import.meta.filename)}`);
}

type EmbeddingParts = Omit<EngineParts, "metrics" | "diskCache"> & {
  /** For the queues before the workers. */
  readonly queueOptions: Omit<AdmissionsOptions, "slots">;
  /** The engine that generates. */
  readonly generating: Engine;
  readonly embeddingEngine?: EmbeddingEngine;
};

/** One worker for both, or one for each if their files differ. The first request that needs a worker starts it. */
export function createEmbeddings(parts: EmbeddingParts) {
  const { config } = parts;
  const embeddingModel = config.embeddingModel ?? config.model;
  const rerankModel = config.rerankModel ?? embeddingModel;
  const embeddings = createEmbeddingService(embeddingModel, parts);
  const isShared = rerankModel === embeddingModel;
  const reranking = isShared ? embeddings : createEmbeddingService(rerankModel, parts);
  return { embeddings, reranking };
}

function createEmbeddingService(model: string, parts: EmbeddingParts): EmbeddingService {
  const { config, queueOptions, embeddingEngine } = parts;
  const fileName = path.basename(model, ".gguf");
  const busyWith = "another request is being computed";
  const aliases = model === config.model ? config.alias : [fileName, ...config.alias];
  return {
    engine: embeddingEngine ?? createEmbeddingEngine(model, parts),
    queue: new Admissions({ ...queueOptions, slots: 1, busyWith }),
    catalog: new Catalog({ fileName, aliases }),
  };
}

function createEmbeddingEngine(model: string, parts: EmbeddingParts): EmbeddingEngine {
  const { config, log, generating, workerFolder } = parts;
  const isGenerating = model === config.model; // only then --context and --gpu-layers apply
  return new WorkerEmbeddingEngine({
    ...config,
    entry: workerEntry("embedding-main", workerFolder),
    model: {
      ...modelOptions(config),
      modelPath: path.resolve(model),
      ...(isGenerating ? {} : { contextTokens: null, gpuLayers: null }),
    },
    knownModel: () => (isGenerating ? generating.status().model : null),
    log: (level, message) => log[level](`embeddings: ${message}`),
    onLoadProgress: () => {},
  });
}
