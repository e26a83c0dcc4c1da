// Describes one model of the list, for the answers about models.

import type { ModelState } from "../generation/model-info.ts";
import type { Fleet } from "./fleet/fleet.ts";
import type { FleetModel } from "./fleet/fleet-model.ts";
import { modifiedAtOf, sizeOf } from "./model-folder.ts";
import type { OfferedModel } from "./names/offered-model.ts";

export function describeModel(
  { spec, names, source, generating, embedding }: OfferedModel,
  fleet: Pick<Fleet, "fits">,
): ModelState {
  const model = generating ?? embedding;
  const status = model?.engine.status();
  const info = model?.info ?? model?.facts.known ?? null;
  return {
    names,
    state: model ? stateOf(model) : "unloaded",
    reason: model?.failure?.message ?? status?.reason ?? null,
    kind: generating && !model?.facts.known?.isEmbedding ? "chat" : "embedding",
    sizeBytes: spec.isRemote ? (info?.modelBytes ?? 0) : sizeOf(spec.file),
    modifiedAt: spec.isRemote ? null : modifiedAtOf(spec.file),
    info,
    slots: generating?.lane.slots ?? spec.slots,
    memory: (spec.isRemote ? info?.memory : model?.facts.memory) ?? null,
    fits: model?.facts.memory ? fleet.fits(model.facts.memory) : null,
    loadProgress: status?.loadProgress ?? 0,
    isPinned: spec.isPinned,
    isDeletable: source === "folder",
    busy: model?.lane.busy ?? 0,
    waiting: model?.lane.waiting ?? 0,
    loadedAtSeconds: unixSeconds(model?.state === "ready" ? model.clock.readyAtMs : null),
    lastUsedAtSeconds: unixSeconds(model?.clock.readyAtMs == null ? null : model.lastUsedMs),
    unloadsAtSeconds: unixSeconds(model?.idleEndMs ?? null),
    loadMs: model?.clock.tookMs ?? null,
    embeddings:
      generating && embedding
        ? { state: stateOf(embedding), memory: embedding.facts.memory }
        : null,
  };
}

export function stateOf(model: FleetModel): ModelState["state"] {
  switch (model.state) {
    case "unloaded":
      if (model.failure) return "failed";
      return model.lane.waiting > 0 ? "waiting" : "unloaded";
    case "loading":
      return "loading";
    case "ready":
      return model.engine.status().state;
    case "draining":
    case "unloading":
      return "unloading";
  }
}

function unixSeconds(monotonicMs: number | null): number | null {
  return monotonicMs === null ? null : Math.floor((performance.timeOrigin + monotonicMs) / 1000);
}
