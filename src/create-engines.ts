// Builds the engine of one model: one that generates, or one for embeddings and ranking. Called by create-models.ts.

import path from "node:path";
import type { Config } from "./config/config.ts";
import { type EmbeddingEngine, WorkerEmbeddingEngine } from "./engine/embedding-engine.ts";
import type { Engine } from "./engine/engine.ts";
import type { ModelOptions, PrefixStorage } from "./engine/messages.ts";
import type { WorkerOptions } from "./engine/model-worker.ts";
import type { PrefixFolder, PrefixFolders } from "./engine/prefix-folder.ts";
import { WorkerEngine } from "./engine/worker-engine.ts";
import { WorkerProcess } from "./engine/worker-process.ts";
import { orAborted } from "./generation/deferred.ts";
import type { MemoryUse } from "./generation/memory-use.ts";
import type { ModelInfo } from "./generation/model-info.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { ModelSpec } from "./models/model-spec.ts";

/** Load progress is logged in steps of this size. */
const PROGRESS_STEP_PERCENT = 25;

export type EngineParts = {
  readonly workerFolder?: string;
  /** Where saved prefixes go besides memory; null for nowhere. */
  readonly diskCache: PrefixStorage["disk"];
  readonly prefixFolders: PrefixFolders;
  /** The share of the prefix folders' memory that one model may take. */
  readonly prefixShare: () => number;
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
};

export function createEngine(spec: ModelSpec, parts: EngineParts): Engine {
  const { config, metrics } = parts;
  const [id] = spec.names;
  return new WorkerEngine({
    ...config,
    ...workerOptions(spec, parts),
    streamBufferBytes: config.streamBuffer,
    onWastedTokens: (tokens) => metrics.tokensWasted(tokens),
    onLoad: (load) => metrics.stepComputed(id, load),
  });
}

/** The worker process of a model that generates. */
export function workerOptions(spec: ModelSpec, parts: EngineParts): WorkerOptions {
  const { config, log, metrics, workerFolder, diskCache } = parts;
  const options = modelOptions(spec, config);
  const [id] = spec.names;
  return {
    ...config,
    entry: workerEntry("main", workerFolder),
    prepareLoad: ({ memoryLimit }) => {
      const memory = openPrefixFolder(parts);
      const { folder, maxRamBytes } = memory ?? {};
      const prefixCache =
        folder === undefined || maxRamBytes === undefined
          ? null
          : { folder, maxRamBytes, disk: diskCache };
      return {
        model: { ...options, memoryLimit, prefixCache },
        release: () => {
          memory?.remove();
          metrics.prefixesSaved(id, { ram: 0, disk: 0 });
        },
      };
    },
    log: (level, message) => log[level](message),
    onSaved: (bytes) => metrics.prefixesSaved(id, bytes),
    onLoadProgress: progressLog(spec, log),
  };
}

/** Logs each step of the progress once. */
function progressLog({ names: [name] }: ModelSpec, log: Logger): (progress: number) => void {
  let lastLogged = 0;
  return (progress) => {
    const percent = Math.floor((progress * 100) / PROGRESS_STEP_PERCENT) * PROGRESS_STEP_PERCENT;
    if (percent === lastLogged) return;
    lastLogged = percent;
    if (percent > 0) log.info(`loading ${name}: ${percent} %`);
  };
}

/** Null if prompts are cached in slots alone. */
function openPrefixFolder({ prefixFolders, prefixShare, log }: EngineParts): PrefixFolder | null {
  try {
    return prefixFolders.make(prefixShare());
  } catch (error) {
    log.warn(`prompts are cached in slots alone: ${(error as Error).message}`);
    return null;
  }
}

/** A file and the size of the context with which it is loaded. */
type LoadedFile = Pick<ModelSpec, "file" | "slots" | "contextTokens" | "gpuLayers">;

function modelOptions(
  { file, slots, contextTokens, gpuLayers }: LoadedFile,
  config: Config,
): ModelOptions {
  return {
    modelPath: file,
    gpu: config.gpu,
    gpuLayers,
    slots,
    contextTokens,
    memoryLimit: null,
    threads: config.threads ?? null,
    flashAttention: config.flashAttention,
    batchTokens: config.batchSize ?? null,
    threadGovernor: config.threadGovernor,
    stepTargetMs: config.stepTargetMs ?? null,
    prefixCache: null,
    speculation: config.speculation === "auto",
  };
}

type DescribeParts = Pick<EngineParts, "config" | "workerFolder"> & {
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
  /** The most memory that it may take; null or undefined for no limit. */
  readonly memoryLimit?: MemoryUse | null;
  readonly signal: AbortSignal;
};

/**
 * Facts about a model and the memory that it needs, without its weights in memory.
 * @throws ServiceError `engine_unavailable` with one clear line
 */
export async function describeModel(
  file: LoadedFile,
  { config, log, workerFolder, memoryLimit = null, signal }: DescribeParts,
) {
  const worker = new WorkerProcess({
    ...config,
    entry: workerEntry("describe-main", workerFolder),
    model: { ...modelOptions(file, config), memoryLimit },
    log,
    onLoadProgress: () => {},
    onStep: () => {},
    onExit: () => {},
  });
  try {
    const model = await orAborted(worker.firstLoad, signal);
    const question = { type: "report-memory" } as const;
    const { answer } = worker.questions.ask(question, signal);
    return { model, memory: await answer };
  } finally {
    await worker.close();
  }
}

export type EmbeddingEngineParts = Pick<EngineParts, "config" | "log" | "workerFolder"> & {
  /** Facts about the same model, if it also generates and has been loaded for that. */
  readonly knownModel: () => ModelInfo | null;
};

export function createEmbeddingEngine(
  spec: ModelSpec,
  { config, log, workerFolder, knownModel }: EmbeddingEngineParts,
): EmbeddingEngine {
  const options = modelOptions(spec, config);
  return new WorkerEmbeddingEngine({
    ...config,
    entry: workerEntry("embedding-main", workerFolder),
    prepareLoad: ({ memoryLimit }) => ({
      model: { ...options, memoryLimit },
      release: () => {},
    }),
    knownModel,
    log: (level, message) => log[level](`embeddings: ${message}`),
    onLoadProgress: () => {},
  });
}

function workerEntry(name: "main" | "embedding-main" | "describe-main", folder?: string): string {
  if (folder !== undefined) return path.join(folder, `${name}.js`);
  return path.join(import.meta.dirname, "worker", `${name}${path.extname(import.meta.filename)}`);
}
