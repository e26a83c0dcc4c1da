// The state of one model in the whole cluster, from the nodes that have it.

import type { EngineStatus } from "../../engine/engine.ts";
import { type KvTokens, type ModelInfo, NO_KV_TOKENS } from "../../generation/model-info.ts";
import type { ModelNode } from "./nodes.ts";

/**
 * @param nodes that have the model
 * @param known its facts as they were last; null if they never were
 */
export function modelStatus(nodes: readonly ModelNode[], known: ModelInfo | null): EngineStatus {
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
