// What one model of the fleet is made of, and with what it is loaded. Made by create-models.ts and fleet.ts for fleet-model.ts.

import type { LoadableEngine, ModelLoadOptions } from "../../engine/engine.ts";
import type { ServiceError } from "../../errors.ts";
import type { Demand } from "../../queue/fair-share.ts";
import type { Lane } from "../../queue/lane.ts";
import type { ModelFactsOptions } from "./model-facts.ts";

export type FleetModelOptions<E extends LoadableEngine> = ModelFactsOptions & {
  readonly name: string;
  /** The first name of the served model whose process it is: the same for its answers and its embeddings. */
  readonly servedModel: string;
  /** Whether it generates; the others compute embeddings or rank documents. */
  readonly isGenerating: boolean;
  readonly engine: E;
  /** Its name is unique among the models of the fleet. */
  readonly lane: Lane;
  /** Places in the queue that requests of this model take. */
  readonly inside: () => number;
  /** Fails the requests that wait for the model. */
  readonly refuseWaiting: (error: ServiceError) => void;
  readonly isPinned: boolean;
  /** Counts work in the order in which models are loaded, as `Fleet.charge()`. */
  readonly charge: (request: Demand, cost: number) => void;
  /** Changes when the model's file changes; null for a file that cannot be read. */
  readonly fileIdentity: () => string | null;
  /** Unloads it when it has had no request for this time; null for never. */
  readonly idleUnloadMs: () => number | null;
  readonly onChange: () => void;
  /** Called when the model is closed for good. */
  readonly onClosed: () => void;
};

export type FleetLoadOptions = ModelLoadOptions & {
  /** Whether the limit is only its share, so that it may have more when it is known how much it needs. */
  readonly isShare: boolean;
};
