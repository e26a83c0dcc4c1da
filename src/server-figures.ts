// What the metrics say about the server's state: its queue, its models, and what each of them takes. Called by service.ts.

import type { ClusterGateway } from "./cluster/gateway/cluster-gateway.ts";
import type { Config } from "./config/config.ts";
import type { Models } from "./create-models.ts";
import { addMemory, NO_MEMORY } from "./generation/memory-use.ts";
import { NO_KV_TOKENS } from "./generation/model-info.ts";
import type { ClusterFigures, ModelFigures, ServerFigures } from "./metrics/state-gauges.ts";
import { stateOf } from "./models/describe-model.ts";
import type { FleetModel } from "./models/fleet/fleet-model.ts";
import type { OfferedModel } from "./models/names/offered-model.ts";

/** A part of the budget that is not known is larger than any machine. */
const UNKNOWN_FROM_BYTES = Number.MAX_SAFE_INTEGER;

type FigureSources = Pick<Models, "models" | "fleet" | "queue"> & {
  /** Null or undefined except on a gateway. */
  readonly gateway?: ClusterGateway | null;
  /** The settings in effect now. */
  readonly config: () => Config;
};

export function serverFigures(sources: FigureSources): ServerFigures {
  const { models, fleet, queue, config, gateway = null } = sources;
  const { ramBytes, vramBytes } = fleet.budget;
  return {
    slotsBusy: queue.busy,
    queueLength: queue.waiting,
    queueLimit: config().queue,
    modelsLoaded: fleet.models.filter(({ state }) => state === "ready").length,
    modelsMemory: fleet.memory,
    memoryBudget: { ramBytes: knownBytes(ramBytes), vramBytes: knownBytes(vramBytes) },
    diskCacheBytes: config().cacheDisk?.maxBytes ?? 0,
    models: models.all.map(modelFigures),
    cluster: gateway && clusterFigures(gateway),
  };
}

function clusterFigures(gateway: ClusterGateway): ClusterFigures {
  const { nodeCounts: nodes, isActive, movedRuns, resentEvents } = gateway;
  return { nodes, isActive, movedRuns, resentEvents };
}

function modelFigures({ spec, generating, embedding }: OfferedModel): ModelFigures {
  const main = generating ?? embedding;
  const processes = [generating, embedding].flatMap((each): FleetModel[] => (each ? [each] : []));
  const loaded = processes.filter(({ state }) => state !== "unloaded");
  const status = main?.engine.status();
  const info = status?.state === "ready" && generating ? status.model : null;
  return {
    name: spec.names[0],
    state: main ? stateOf(main) : "unloaded",
    memory: loaded.reduce((sum, { facts }) => addMemory(sum, facts.expectedMemory), NO_MEMORY),
    slots: main?.lane.slots ?? spec.slots,
    busy: main?.lane.busy ?? 0,
    waiting: main?.lane.waiting ?? 0,
    workerRestarts: generating?.engine.status().workerRestarts ?? 0,
    kvTokens: status?.kvTokens ?? NO_KV_TOKENS,
    kvCapacityTokens: info ? info.slots * info.contextTokens : 0,
  };
}

function knownBytes(bytes: number): number | null {
  return bytes < UNKNOWN_FROM_BYTES ? bytes : null;
}
