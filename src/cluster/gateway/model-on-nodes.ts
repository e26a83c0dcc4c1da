// One model in the whole cluster, from the nodes that have it: what the engines for its answers and for its embeddings have in
// common.

import type { EngineStatus, LoadableEngine } from "../../engine/engine.ts";
import { ServiceError } from "../../errors.ts";
import { sharedController } from "../../generation/deferred.ts";
import { NO_MEMORY } from "../../generation/memory-use.ts";
import { type KvTokens, type ModelInfo, NO_KV_TOKENS } from "../../generation/model-info.ts";
import type { ModelNode, Nodes } from "./nodes.ts";

export class ModelOnNodes implements LoadableEngine {
  readonly #nodes: Nodes;
  readonly #key: string;
  readonly #closed = sharedController();
  #known: ModelInfo | null = null;

  constructor({ nodes, model }: { readonly nodes: Nodes; readonly model: string }) {
    this.#nodes = nodes;
    this.#key = model;
  }

  /** Aborted when the model is closed: it ends every wait for a node. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** The nodes have loaded it, or do so by themselves. It takes no memory here. */
  async load(): Promise<ModelInfo> {
    const { model } = this.status();
    if (!model) throw new ServiceError("engine_unavailable", "no node has loaded this model yet");
    return { ...model, memory: NO_MEMORY };
  }

  async unload(): Promise<void> {}

  status(): EngineStatus {
    const status = modelStatus(this.#nodes.having(this.#key), this.#known);
    this.#known = status.model;
    return this.closed.aborted ? { ...status, state: "closed" } : status;
  }

  async close(): Promise<void> {
    this.#closed.abort(new ServiceError("engine_unavailable", "the model is not served any more"));
  }
}

/**
 * @param nodes that have the model
 * @param known its facts as they were last; null if they never were
 */
function modelStatus(nodes: readonly ModelNode[], known: ModelInfo | null): EngineStatus {
  const ready = nodes.some(({ model }) => model.state === "ready");
  const info = infoOf(nodes) ?? known;
  const reason =
    nodes.length === 0 ? "no node serves this model now" : "no node has loaded this model yet";
  return {
    state: ready ? "ready" : "restarting",
    loadProgress: ready ? 1 : 0,
    model: info,
    workerPid: null,
    workerRestarts: nodes.reduce((sum, { model }) => sum + model.workerRestarts, 0),
    reason: ready ? null : reason,
    kvTokens: nodes.reduce((sum, { model }) => addKvTokens(sum, model.kvTokens), NO_KV_TOKENS),
  };
}

/** The facts of a model: its context is the smallest of its nodes, its slots are those of all. Null if none has loaded it. */
function infoOf(nodes: readonly Pick<ModelNode, "model">[]): ModelInfo | null {
  const infos = nodes.flatMap(({ model }) => model.info ?? []);
  const [first] = infos;
  if (!first) return null;
  return {
    ...first,
    slots: infos.reduce((sum, { slots }) => sum + slots, 0),
    contextTokens: Math.min(...infos.map(({ contextTokens }) => contextTokens)),
  };
}

function addKvTokens(one: KvTokens, other: KvTokens): KvTokens {
  return { running: one.running + other.running, kept: one.kept + other.kept };
}
