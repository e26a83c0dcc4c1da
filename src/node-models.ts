// The models of a node of a cluster: those of its settings, always loaded, each with the engine that gateways use. Called by
// create-node.ts.

import type { NodeModel } from "./cluster/node/announcement.ts";
import { modelKeyOf } from "./cluster/node/model-key.ts";
import { NodeEngine } from "./cluster/node/node-engine.ts";
import type { ComputeEmbeddings } from "./cluster/node/node-questions.ts";
import type { Config } from "./config/config.ts";
import { configuredModels } from "./configured-models.ts";
import { type EngineParts, workerOptions } from "./create-engines.ts";
import { createModels, type Models, type ModelsParts } from "./create-models.ts";
import type { EngineStatus } from "./engine/engine.ts";
import { ModelWorker, UNLOADED } from "./engine/model-worker.ts";
import { ServiceError } from "./errors.ts";
import { ModelFingerprints } from "./journal/model-fingerprints.ts";
import type { ConfiguredModels, ModelSpec } from "./models/model-spec.ts";
import type { OfferedModel } from "./models/names/offered-model.ts";

export type NodeModels = Models & {
  /** As the node announces and serves them. */
  readonly served: readonly NodeModel[];
  /** Loads all of them. @throws ServiceError why one cannot be loaded */
  readonly loadAll: () => Promise<void>;
};

/** @throws ServiceError for a file that cannot be read */
export function createNodeModels(parts: Omit<ModelsParts, "engine" | "makeEngine">): NodeModels {
  const fingerprints = new ModelFingerprints();
  const engines = new Map<string, NodeEngine>();
  const makeEngine = (spec: ModelSpec, engineParts: EngineParts) => {
    const engine = nodeEngine(keyOf(spec, "chat", fingerprints), spec, engineParts);
    engines.set(spec.names[0], engine);
    return engine;
  };
  const models = createModels({ ...parts, makeEngine, modelsOf: alwaysLoaded });
  const configured = configuredModels(parts.config());
  const served = models.models.all.map((model) => {
    const engine = engines.get(model.spec.names[0]) ?? null;
    const kind = model.generating ? "chat" : "embedding";
    const key = engine?.key ?? keyOf(model.spec, kind, fingerprints);
    return nodeModel({ key, kind, model, engine, models, configured });
  });
  return { ...models, served, loadAll: () => loadAll(models) };
}

/** The models of the settings, none of which is ever unloaded. Those of the models folder are not served. */
function alwaysLoaded(config: Config): ConfiguredModels {
  const configured = configuredModels(config);
  const { embedding, ranking } = configured;
  const pinned = new Map<ModelSpec, ModelSpec>();
  const pin = (spec: ModelSpec): ModelSpec => {
    const known = pinned.get(spec) ?? { ...spec, isPinned: true, isPreloaded: true };
    pinned.set(spec, known);
    return known;
  };
  return {
    ...configured,
    generating: configured.generating.map(pin),
    embedding: embedding && pin(embedding),
    ranking: ranking && pin(ranking),
    folder: null,
  };
}

function keyOf(spec: ModelSpec, kind: NodeModel["kind"], fingerprints: ModelFingerprints): string {
  const fingerprint = fingerprints.of(spec.file);
  if (fingerprint) return modelKeyOf(fingerprint, { kind, name: spec.names[0] });
  throw new ServiceError("engine_unavailable", `cannot read the model file ${spec.file}`);
}

function nodeEngine(key: string, spec: ModelSpec, parts: EngineParts): NodeEngine {
  const [name] = spec.names;
  return new NodeEngine({
    key,
    createWorker: (events) => new ModelWorker({ ...workerOptions(spec, parts), ...events }),
    onLoad: (load) => parts.metrics.stepComputed(name, load),
  });
}

type NodeModelParts = Pick<NodeModel, "key" | "kind" | "engine"> & {
  readonly model: OfferedModel;
  readonly models: Models;
  readonly configured: ConfiguredModels;
};

function nodeModel({ key, kind, engine, model, models, configured }: NodeModelParts): NodeModel {
  const isOf = (spec: ModelSpec | null) => spec?.names[0] === model.spec.names[0];
  return {
    ...{ key, kind, engine, names: model.names },
    isForEmbedding: isOf(configured.embedding),
    isForRanking: isOf(configured.ranking),
    embed: embedder(model, models),
    status: () => engine?.status() ?? embeddingStatus(model),
  };
}

/** Its process ends after a request that was aborted, and starts again with the next one: the model stays ready. */
function embeddingStatus({ embedding }: OfferedModel): EngineStatus {
  if (!embedding) return UNLOADED;
  const status = embedding.engine.status();
  const isBetween = status.state === "unloaded" && embedding.state === "ready";
  return isBetween ? { ...status, state: "ready", model: embedding.info } : status;
}

/** One request at a time, with the engine for embeddings that the service has, too. */
function embedder(model: OfferedModel, { models, fleet }: Models): ComputeEmbeddings {
  let last: Promise<unknown> = Promise.resolve();
  const compute: ComputeEmbeddings = async (request, signal) => {
    const purpose = request.type === "rank" ? "rank" : "embed";
    const { model: target } = models.resolveEmbedding(model.spec.names[0], purpose);
    target.engine.check(request);
    const demand = { owner: "", isFlex: false, arrivedAtMs: performance.now() };
    await target.ready({ ...demand, signal, places: 0 });
    const startedAtMs = performance.now();
    const letGo = target.hold(demand);
    const vectors: Float64Array[] = [];
    try {
      const onResult = (values: Float64Array) => void vectors.push(values);
      const { promptTokens } = await target.engine.run(request, { signal, onResult });
      return { vectors, promptTokens };
    } finally {
      letGo(performance.now() - startedAtMs);
      fleet.plan();
    }
  };
  return (request, signal) => {
    const computed = last.then(() => {
      signal.throwIfAborted();
      return compute(request, signal);
    });
    last = computed.catch(() => {});
    return computed;
  };
}

async function loadAll({ models }: Models): Promise<void> {
  await Promise.all(models.all.map((model) => models.loadable(model).preload()));
}
