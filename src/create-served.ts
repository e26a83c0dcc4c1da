// Builds what the service serves: the models of its settings, or on a gateway of a cluster those of the nodes. Called by service.ts.

import { ClusterGateway, type ClusterGatewayOptions } from "./cluster/gateway/cluster-gateway.ts";
import type { GatewayProblem } from "./cluster/gateway/nodes.ts";
import { createModels, type Models, type ModelsParts, preload } from "./create-models.ts";
import { type Deferred, deferred } from "./generation/deferred.ts";
import type { StreamFinder } from "./generation/kept-stream.ts";
import type { ModelInfo } from "./generation/model-info.ts";

/** The gateway's connection to its cluster. The service closes it. */
type GatewayConnection = Pick<ClusterGatewayOptions, "id" | "link" | "lease">;

export type ServedParts = ModelsParts & {
  /** Makes the service a gateway, whose models are those of the nodes of a cluster. */
  readonly gateway?: GatewayConnection;
  /** Replaces the cluster in which a gateway finds the streams of others. */
  readonly streamFinder?: StreamFinder;
};

export type Served = Models & {
  /** Null for a server alone. */
  readonly gateway: ClusterGateway | null;
  readonly streamFinder: StreamFinder | null;
  /** Why a gateway takes no requests; null if it does, and for a server alone. */
  readonly clusterProblem: () => GatewayProblem | null;
  /** Loads the models of the settings, or follows those of the nodes. @returns the first model. @throws ServiceError why it cannot be loaded */
  readonly load: () => Promise<ModelInfo>;
};

export function createServed({ gateway: connection, streamFinder, ...parts }: ServedParts): Served {
  const gateway = connection ? createGateway(connection, parts) : null;
  const models = createModels({ ...parts, ...(gateway ? remoteModels(gateway) : {}) });
  return {
    ...models,
    gateway,
    streamFinder: gateway?.streams ?? streamFinder ?? null,
    clusterProblem: () => gateway?.problem ?? null,
    load: () => (gateway ? followNodes(gateway, models) : preload(models)),
  };
}

function createGateway(
  connection: GatewayConnection,
  { config, log, metrics }: ModelsParts,
): ClusterGateway {
  const { clusterName, streamBuffer, parkTimeoutMs, resumeGraceMs } = config();
  return new ClusterGateway({
    ...connection,
    cluster: clusterName,
    streamBufferBytes: streamBuffer,
    parkTimeoutMs,
    graceMs: resumeGraceMs,
    queueTimeoutMs: () => config().queueTimeoutMs,
    onWastedTokens: (tokens) => metrics.tokensWasted(tokens),
    onLoad: (model, load) => metrics.stepComputed(model, load),
    log: (level, message) => log[level](message),
  });
}

/** The parts of the models that are other ones than those of a server alone. */
function remoteModels(
  gateway: ClusterGateway,
): Pick<
  ModelsParts,
  "modelsOf" | "makeEngine" | "makeEmbeddingEngine" | "busyWith" | "hasModelsFolder"
> {
  return {
    modelsOf: ({ alias }) => ({ ...gateway.configured, servesAny: alias.includes("*") }),
    makeEngine: ({ file: key }) => gateway.engineFor(key),
    makeEmbeddingEngine: ({ file: key }) => gateway.embeddingEngineFor(key),
    hasModelsFolder: false,
    busyWith: "every slot of the nodes is busy",
  };
}

/**
 * Keeps the list of models, and their slots in the queues, as the nodes have them.
 * @returns a promise of the first model, which resolves when a node serves one
 */
function followNodes(gateway: ClusterGateway, served: Models): Promise<ModelInfo> {
  const first: Deferred<ModelInfo> = deferred();
  let listed = "";
  gateway.onModels = () => {
    const { generating, embedding, ranking, others } = gateway.configured;
    const wanted = JSON.stringify([generating, embedding, ranking, others]);
    if (wanted !== listed) served.update();
    listed = wanted;
    for (const { generating: model } of served.models.all)
      model?.preload().then(first.resolve, () => {}); // its requests get the reason
  };
  gateway.onSlots = () => setSlots(gateway, served);
  gateway.onModels();
  gateway.onSlots();
  return first.promise;
}

function setSlots(gateway: ClusterGateway, { models }: Models): void {
  for (const { spec, generating, embedding } of models.all) {
    generating?.lane.setSlots(gateway.slotsOf(spec.file));
    embedding?.lane.setSlots(gateway.embeddingNodesOf(spec.file));
  }
}
