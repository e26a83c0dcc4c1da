// Loads or unloads a model for a request that generates nothing. Called by the generate handler.

import type { ModelAction } from "../../api/dialect.ts";
import { ServiceError } from "../../errors.ts";
import type { ModelList } from "../../models/model-list.ts";
import type { GeneratingModel } from "../../models/names/offered-model.ts";
import { unloadModel } from "../../models/unload-model.ts";
import type { Admissions } from "../../queue/admissions.ts";
import { allowedModels } from "../server/allowed-models.ts";
import { checkScope } from "../server/middleware.ts";
import { ownerOf } from "../server/response-locals.ts";
import type { Arrival } from "./exchange.ts";
import { abortWithin, type TimeLimits } from "./time-limits.ts";

export type CarryOutDeps = Pick<TimeLimits, "requestTimeoutMs"> & {
  readonly models: Pick<ModelList, "allowedTo">;
  readonly queue: Pick<Admissions, "isDraining">;
};

type ActionArrival = Pick<Arrival, "res" | "client" | "record"> & {
  readonly model: GeneratingModel;
  /** The client's own limit; null for none. */
  readonly deadlineMs: number | null;
};

/** Resolves when the model is loaded or unloaded. @throws ServiceError */
export async function carryOut(
  { type, field }: ModelAction,
  arrival: ActionArrival,
  { models, queue, requestTimeoutMs }: CarryOutDeps,
): Promise<void> {
  const { res, client, record, model, deadlineMs } = arrival;
  const { signal } = client;
  if (type === "unload") {
    const subject = `${field} 0 without a prompt unloads the model, which`;
    checkScope(res, { scope: "admin", subject, param: field });
  } else if (queue.isDraining) throw new ServiceError("draining", "the server is shutting down");
  const clearLimit = abortWithin(client, { deadlineMs, timeoutMs: requestTimeoutMs });
  try {
    if (type === "unload")
      await unloadModel(allowedModels(res, models).find(record.model ?? "").model, signal);
    else {
      const gate = {
        owner: ownerOf(res),
        isFlex: false,
        arrivedAtMs: performance.now(),
        signal,
        places: 0,
      };
      await model.ready(gate);
    }
  } finally {
    clearLimit();
  }
}
