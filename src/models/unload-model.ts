// Unloads a model for a client that asks for it: the routes of /v1/models and Ollama's `keep_alive: 0`.

import { orAborted } from "../generation/deferred.ts";
import type { OfferedModel } from "./names/offered-model.ts";

/** Resolves when its running requests have finished and its processes have ended. @throws the signal's reason; it is unloaded even so */
export async function unloadModel(
  { generating, embedding }: OfferedModel,
  signal: AbortSignal,
): Promise<void> {
  const models = [generating, embedding].flatMap((model) => model ?? []);
  const ended = models.map((model) => {
    model.requestUnload();
    return model.ended;
  });
  await orAborted(Promise.all(ended), signal);
}
