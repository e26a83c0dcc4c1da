// Builds the models of the service: the list of those that clients may ask for, the fleet that loads them, and the queues before
// them. Called by service.ts.

import type { Config } from "./config/config.ts";
import { configuredModels, embeddingFilesOf, folderDefaults } from "./configured-models.ts";
import {
  createEmbeddingEngine,
  createEngine,
  describeModel,
  type EngineParts,
} from "./create-engines.ts";
import type { EmbeddingEngine } from "./engine/embedding-engine.ts";
import type { Engine, LoadableEngine } from "./engine/engine.ts";
import { PrefixFolders } from "./engine/prefix-folder.ts";
import { lessMemory, type MemoryUse, NO_MEMORY } from "./generation/memory-use.ts";
import type { ModelInfo } from "./generation/model-info.ts";
import type { Logger } from "./log.ts";
import { Fleet } from "./models/fleet/fleet.ts";
import { FleetModel } from "./models/fleet/fleet-model.ts";
import { MemoryBudget } from "./models/fleet/memory-budget.ts";
import { fileIdentity, sizeOf } from "./models/model-folder.ts";
import { ModelList } from "./models/model-list.ts";
import type { ModelSpec } from "./models/model-spec.ts";
import { PullJobs } from "./models/pull-jobs.ts";
import { pullProcesses, type StartPull } from "./models/pull-process.ts";
import { Survey } from "./models/survey.ts";
import { Admissions, type AdmissionsOptions } from "./queue/admissions.ts";

export type ModelsParts = Omit<EngineParts, "config" | "prefixFolders" | "prefixShare"> & {
  /** The settings in effect now. */
  readonly config: () => Config;
  /** Makes the options of a queue, whose limits may change. */
  readonly queueOptions: <Own extends object>(own: Own) => Own & Omit<AdmissionsOptions, "slots">;
  /** Replaces the worker process of each model that generates. @param id the model's */
  readonly engine?: Engine | ((id: string) => Engine);
  /** Makes the engine of each model that generates (default: one with a worker process). */
  readonly makeEngine?: typeof createEngine;
  /** The models of the settings (default: `configuredModels()`). */
  readonly modelsOf?: typeof configuredModels;
  /** Makes the engine of each model for embeddings or ranking (default: one with a worker process). */
  readonly makeEmbeddingEngine?: typeof createEmbeddingEngine;
  /** What an error says if no slot is free; see `AdmissionsOptions`. */
  readonly busyWith?: string;
  /** Replaces the worker processes for embeddings and ranking. */
  readonly embeddingEngine?: EmbeddingEngine | ((id: string) => EmbeddingEngine);
  /** Replaces the processes that download models. */
  readonly startPull?: StartPull;
  /** Whether models can be pulled into the folder of the settings (default: true). */
  readonly hasModelsFolder?: boolean;
  /** The compiled pull-main.js. */
  readonly pullProgram: string;
};

export type Models = {
  readonly models: ModelList;
  readonly fleet: Fleet;
  /** The queue for the slots of the models that generate. */
  readonly queue: Admissions;
  /** The queue for the models that compute embeddings or rank documents: one request at a time for each. */
  readonly embeddingQueue: Admissions;
  /** Downloads models into the models folder. */
  readonly pulls: PullJobs;
  /** Describes models that were never loaded; null for engines that replace worker processes. */
  readonly survey: Survey | null;
  /** Takes over the settings that have changed. */
  readonly update: () => void;
};

/** With several models, one may take this share of the memory for saved prompts. */
const PREFIX_SHARE = 1 / 4;
/** A connection that is silent for longer has failed; jobs that may wait; ended jobs that are remembered. */
const PULL_LIMITS = { timeoutMs: 30_000, maxWaiting: 16, keep: 32 };

export function createModels(parts: ModelsParts): Models {
  const { config, log, queueOptions, modelsOf = configuredModels } = parts;
  const queue = new Admissions(queueOptions({ slots: config().slots, busyWith: parts.busyWith }));
  const busyWith = "another request is being computed";
  const embeddingQueue = new Admissions(queueOptions({ slots: 1, busyWith }));
  const prefixFolders = new PrefixFolders(config().cacheRam ?? null);
  const availableBytes = process.availableMemory();
  const budget = (): MemoryBudget =>
    new MemoryBudget({
      limitBytes: config().memoryBudget ?? null,
      availableBytes,
      savedBytes: prefixFolders.totalBytes,
      gpuBytes: Math.max(0, ...fleet.models.map(({ info }) => info?.gpuBytes ?? 0)),
    });
  const logLine = (level: "info" | "warn" | "error", message: string) => log[level](message);
  const fleet: Fleet = new Fleet({
    budget,
    isAhead: queue.isAhead,
    charge: queue.charge,
    log: logLine,
  });
  queue.onChange = fleet.plan;
  embeddingQueue.onChange = fleet.plan;
  const prefixShare = () => (fleet.count > 1 ? PREFIX_SHARE : 1);
  const generatingShare = () =>
    lessMemory(
      budget().shareOf(fleet.count, embeddingFilesOf(config()).map(sizeOf)),
      budget().beside(fleet.pinnedMemory),
    );
  const shares = { budget, generatingShare, prefixFolders, prefixShare };
  const makers = { ...parts, ...shares, fleet, queue, embeddingQueue };
  const survey = createSurvey(parts, generatingShare);
  const models = new ModelList({
    configured: modelsOf(config()),
    fleet,
    createGenerating: (spec) => {
      const describe = survey && (() => survey.describe(spec));
      const model = generatingModel(spec, { ...makers, describe });
      survey?.add(model);
      return model;
    },
    createEmbedding: (spec, generating) =>
      embeddingModel(spec, { ...makers, knownModel: () => generating?.info ?? null }),
    folderDefaults: () => folderDefaults(config()),
    log: logLine,
  });
  const update = () => {
    models.update(modelsOf(config()));
    fleet.plan();
  };
  const pulls = createPulls(parts, models);
  return { models, fleet, queue, embeddingQueue, pulls, survey, update };
}

/** Null for models without files, in tests, for those of a node, which are all loaded, and for a gateway, which has no files. */
function createSurvey(
  { engine, makeEngine, config, workerFolder, log }: ModelsParts,
  memoryLimit: () => MemoryUse,
): Survey | null {
  if (engine || makeEngine) return null;
  const parts = { ...(workerFolder === undefined ? {} : { workerFolder }), log: quietLog(log) };
  return new Survey({
    memoryLimit,
    describe: async (spec, options) => {
      const described = await describeModel(spec, { ...parts, ...options, config: config() });
      return described.model;
    },
  });
}

/** What a survey finds is logged when the model is loaded. */
function quietLog(log: Logger) {
  return (level: "info" | "warn" | "error", message: string) => log.debug({ level }, message);
}

/** The list has a model before its job says that it is done. */
function createPulls(
  { config, log, pullProgram, hasModelsFolder = true, ...parts }: ModelsParts,
  models: ModelList,
) {
  const { startPull = pullProcesses(pullProgram) } = parts;
  return new PullJobs({
    ...PULL_LIMITS,
    get dir() {
      return hasModelsFolder ? config().modelsDir : null;
    },
    startPull: (request, onProgress) => {
      const run = startPull(request, onProgress);
      let isKilled = false;
      const kill = () => {
        isKilled = true;
        run.kill();
      };
      const ended = run.ended.then((outcome) => {
        if (outcome.type === "done") {
          log.info(`pulled ${outcome.name}`);
          models.rescan();
        } else if (!isKilled) log.warn(`a pull has failed: ${outcome.message}`);
        return outcome;
      });
      return { ended, kill };
    },
  });
}

type Makers = ModelsParts & {
  readonly budget: () => MemoryBudget;
  /** What a model that generates may take. */
  readonly generatingShare: () => MemoryUse;
} & Pick<EngineParts, "prefixFolders" | "prefixShare"> &
  Omit<Models, "models" | "pulls" | "survey" | "update">;

function generatingModel(
  spec: ModelSpec,
  makers: Makers & Pick<FleetModelParts<Engine>, "describe">,
): FleetModel<Engine> {
  const { engine, makeEngine = createEngine, config, queue, generatingShare } = makers;
  const [id] = spec.names;
  const given = typeof engine === "function" ? engine(id) : engine;
  return fleetModel(spec, {
    ...makers,
    queue,
    name: id,
    slots: spec.slots,
    isGenerating: true,
    memoryShare: spec.isRemote ? () => NO_MEMORY : generatingShare,
    engine: given ?? makeEngine(spec, { ...makers, config: config() }),
    idleUnloadMs: () => config().idleUnloadMs ?? null,
  });
}

function embeddingModel(
  spec: ModelSpec,
  makers: Makers & Pick<Parameters<typeof createEmbeddingEngine>[1], "knownModel">,
): FleetModel<EmbeddingEngine> {
  const { embeddingEngine, makeEmbeddingEngine = createEmbeddingEngine } = makers;
  const { config, embeddingQueue, budget, fleet } = makers;
  const [id] = spec.names;
  const given = typeof embeddingEngine === "function" ? embeddingEngine(id) : embeddingEngine;
  return fleetModel(spec, {
    ...makers,
    queue: embeddingQueue,
    name: `${id} (embeddings)`,
    slots: 1,
    isGenerating: false,
    describe: null,
    memoryShare: () =>
      spec.isRemote
        ? NO_MEMORY
        : lessMemory(
            budget().embeddingShare(sizeOf(spec.file)),
            budget().beside(fleet.pinnedMemory),
          ),
    engine: given ?? makeEmbeddingEngine(spec, { ...makers, config: config() }),
    idleUnloadMs: () => config().idleUnloadMs ?? config().embeddingIdleTimeoutMs,
  });
}

type FleetModelParts<E extends LoadableEngine> = {
  readonly name: string;
  readonly isGenerating: boolean;
  readonly engine: E;
  readonly queue: Admissions;
  readonly fleet: Fleet;
  readonly memoryShare: () => MemoryUse;
  readonly describe: (() => Promise<ModelInfo>) | null;
  readonly slots: number;
  readonly idleUnloadMs: () => number | null;
};

function fleetModel<E extends LoadableEngine>(
  { file, isRemote, isPinned, names: [servedModel] }: ModelSpec,
  { queue, fleet, slots, ...parts }: FleetModelParts<E>,
): FleetModel<E> {
  const lane = queue.addLane(parts.name, slots);
  return new FleetModel({
    ...parts,
    lane,
    servedModel,
    isPinned,
    inside: () => queue.insideLane(lane.name),
    refuseWaiting: (error) => queue.refuseWaiting(lane.name, error),
    fileIdentity: () => (isRemote ? null : fileIdentity(file)),
    charge: fleet.charge,
    onChange: fleet.plan,
    onClosed: () => queue.removeLane(lane.name),
  });
}

/** Loads the default model, and those that the settings name. @returns the default one. @throws ServiceError why it cannot be loaded */
export function preload({ models, survey }: Models): Promise<ModelInfo> {
  const loaded = preloadDefault(models);
  preloadOthers(models);
  const start = () => survey?.start();
  loaded.then(start, start); // the requests that wait for the model get the error too
  return loaded;
}

/** While it is being loaded, changed settings may replace it with another. @throws ServiceError why it cannot be loaded */
async function preloadDefault(models: ModelList): Promise<ModelInfo> {
  const model = models.default;
  try {
    return await model.preload();
  } catch (error) {
    if (models.default === model) throw error;
    return preloadDefault(models);
  }
}

/** Those that the settings name for it. */
export function preloadOthers(models: ModelList): void {
  const [first] = models.all;
  for (const { spec, generating } of models.all)
    if (spec.isPreloaded && generating !== first?.generating) generating?.preload().catch(() => {}); // the fleet logs it; other models are served
}
