// What a node announces: itself, and its models.

import type { EngineStatus } from "../../engine/engine.ts";
import { NO_KV_TOKENS } from "../../generation/model-info.ts";
import type { AnnouncedModel, Announcement, NodeId } from "../messages.ts";
import type { AskedModel } from "./node-questions.ts";

/** A model that a node serves. */
export type NodeModel = AskedModel &
  Pick<AnnouncedModel, "key" | "names" | "kind" | "isForEmbedding" | "isForRanking"> & {
    /** Of the engine that generates, or for other models of the one for embeddings. */
    readonly status: () => EngineStatus;
  };

export type AnnouncedNode = NodeId & Pick<Announcement, "startedAtMs" | "release" | "isDraining">;

export function announcementOf(
  node: AnnouncedNode,
  models: readonly NodeModel[],
  orphansOf: (model: NodeModel) => number,
): Announcement {
  const { name, incarnation, startedAtMs, release, isDraining } = node;
  return {
    type: "announce",
    ...{ name, incarnation, startedAtMs, release, isDraining },
    models: models.map((model) => announcedModel(model, orphansOf(model))),
  };
}

function announcedModel(model: NodeModel, orphans: number): AnnouncedModel {
  const { key, names, kind, isForEmbedding, isForRanking, engine } = model;
  const { state, model: info, workerRestarts, kvTokens = NO_KV_TOKENS } = model.status();
  return {
    ...{ key, names, kind, isForEmbedding, isForRanking },
    ...{ state, info, orphans, kvTokens, workerRestarts },
    slots: kind === "chat" ? (info?.slots ?? 0) : 0,
    decodeTokensPerSecond: engine?.speed.decodeTokensPerSecond ?? null,
    prefillTokensPerSecond: engine?.speed.prefillTokensPerSecond ?? null,
    prefixes: engine?.prefixes ?? "",
  };
}

/** Two announcements with the same text differ in nothing that a gateway should hear of at once. */
export function urgentPart({ isDraining, models }: Announcement): string {
  const urgent = models.map(({ key, state, slots, orphans, workerRestarts }) => [
    ...[key, state, slots],
    ...[orphans, workerRestarts],
  ]);
  return JSON.stringify([isDraining, urgent]);
}
