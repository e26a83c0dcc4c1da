// A model that clients can ask for, and the engines for its requests.

import type { EmbeddingEngine } from "../../engine/embedding-engine.ts";
import type { Engine } from "../../engine/engine.ts";
import type { FleetModel } from "../fleet/fleet-model.ts";
import type { ModelSpec } from "../model-spec.ts";

export type GeneratingModel = FleetModel<Engine>;
export type EmbeddingFleetModel = FleetModel<EmbeddingEngine>;

export type OfferedModel = {
  readonly spec: ModelSpec;
  /** Those of its spec, and those that were added since the start. */
  readonly names: readonly [string, ...string[]];
  /** `folder`: a file in the models folder, which may be deleted. */
  readonly source: "settings" | "folder";
  /** Null for a file that is only for embeddings or ranking. */
  readonly generating: GeneratingModel | null;
  /** Null until the first such request. */
  readonly embedding: EmbeddingFleetModel | null;
};

export type EmbeddingPurpose = "embed" | "rank";
