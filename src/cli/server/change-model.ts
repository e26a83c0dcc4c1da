// Has a running server load or unload a model, and says meanwhile what it waits for: for `load` and `stop`.

import { settlesWithin } from "../../generation/deferred.ts";
import { askServer, type ServerAddress } from "./call-server.ts";
import { isLoaded, type ListedModel, servedModels } from "./served-models.ts";

const POLL_MS = 500;
/** A busy model is unloaded when its requests have ended; a large one takes minutes to load. */
const WAIT_LIMIT_MS = 600_000;

type ModelChange = {
  readonly address: ServerAddress;
  readonly change: "load" | "unload";
  readonly model: string;
  /** Called with what the change waits for, and again when that has changed. */
  readonly onWait: (text: string) => void;
};

/** Resolves when the model is loaded or unloaded. @throws CommandError if it fails, or takes too long; the server goes on even so */
export async function changeModel({ address, change, model, onWait }: ModelChange) {
  // The server answers when the change has ended.
  const ended = askServer(address, {
    method: "POST",
    path: `/v1/models/${change}`,
    body: { model },
    timeoutMs: WAIT_LIMIT_MS,
  });
  let last: string | null = null;
  while (!(await settlesWithin(ended, POLL_MS))) {
    const text = waitText(model, await servedModels(address));
    if (text !== null && text !== last) onWait(text);
    last = text ?? last;
  }
  return (await ended) as ListedModel;
}

/** @returns null if the list does not say what the model waits for */
export function waitText(model: string, models: readonly ListedModel[]): string | null {
  const meta = models.find(({ id }) => id === model)?.meta;
  if (!meta) return null;
  if (meta.state === "waiting") {
    const busy = models.find((each) => requestsText(each) !== null);
    return (busy && requestsText(busy)) ?? `${model} waits until other models have freed memory`;
  }
  const requests = requestsText({ id: model, meta });
  if (requests !== null) return requests;
  if (isLoaded(meta) && meta.state !== "ready")
    return `${model} is ${meta.state}${meta.reason ? `: ${meta.reason}` : ""}`;
  const hasEmbeddings = meta.embeddings?.state === "unloading";
  return hasEmbeddings ? `waiting for the embeddings of ${model} to finish` : null;
}

/** @returns null for a model that is not being unloaded, or has no requests */
function requestsText({ id, meta: { state, busy = 0 } = {} }: ListedModel): string | null {
  if (state !== "unloading" || busy === 0) return null;
  return `waiting for ${busy} running request${busy === 1 ? "" : "s"} of ${id} to finish`;
}
