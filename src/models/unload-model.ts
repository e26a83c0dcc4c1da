// Unloads a model for a client that asks for it: the routes of /v1/models and Ollama's `keep_alive: 0`.

import { ServiceError } from "../errors.ts";
import { orAborted } from "../generation/deferred.ts";
import type { OfferedModel } from "./names/offered-model.ts";

/**
 * Resolves when its running requests have finished and its processes have ended.
 * @throws ServiceError `invalid_value` for a model of the nodes of a cluster
 * @throws the signal's reason; it is unloaded even so
 */
export async function unloadModel(
  { spec, generating, embedding }: OfferedModel,
  signal: AbortSignal,
): Promise<void> {
  if (spec.isRemote) {
    const message = `the model ${JSON.stringify(spec.names[0])} is on the nodes of the cluster, which keep it loaded; it ends with them`;
    throw new ServiceError("invalid_value", message, { field: "model" });
  }
  const models = [generating, embedding].flatMap((model) => model ?? []);
  const ended = models.map((model) => {
    model.requestUnload();
    return model.ended;
  });
  await orAborted(Promise.all(ended), signal);
}
