// The calls that manage the server's models: load, unload, delete, and download ("pull"). They need a key with scope admin.

import type { Server } from "./server.ts";

export type ModelCallKind = "load" | "unload" | "delete";

/** A download of a model on the server, running or ended. */
export type ModelPull = {
  readonly id: string;
  /** As it was asked for: a short name, `hf:user/repo:quant` or an address. */
  readonly model: string;
  /** `queued`, `downloading`, `verifying`, `done`, `failed` or `cancelled`. */
  readonly status: string;
  readonly completedBytes: number;
  readonly totalBytes: number | null;
  readonly bytesPerSecond: number | null;
  readonly etaMs: number | null;
  /** The model's name once it is done. */
  readonly name: string | null;
  /** Why it failed. */
  readonly problem: string | null;
};

export function isRunning({ status }: ModelPull): boolean {
  return ["queued", "downloading", "verifying"].includes(status);
}

type WirePull = {
  readonly id: string;
  readonly model: string;
  readonly status: string;
  readonly completed: number;
  readonly total: number | null;
  readonly bytes_per_second: number | null;
  readonly eta_ms: number | null;
  readonly name: string | null;
  readonly error: { readonly message: string } | null;
};

type ActionOptions = {
  readonly action: ModelCallKind;
  readonly id: string;
  /** Ends the wait. The server finishes what it has begun. */
  readonly signal: AbortSignal;
};

/** Resolves when it is done: loading and unloading take as long as they take. @throws ServerError */
export async function changeModel(server: Server, options: ActionOptions): Promise<void> {
  const { action, id, signal } = options;
  if (action === "delete") {
    const path = id.split("/").map(encodeURIComponent).join("/");
    await server.call(`v1/models/${path}`, { method: "DELETE", signal });
  } else {
    await server.call(`v1/models/${action}`, { method: "POST", body: { model: id }, signal });
  }
}

/** Starts a download, or continues one that was interrupted. @throws ServerError */
export async function startPull(server: Server, model: string): Promise<ModelPull> {
  const call = { method: "POST", body: { model } } as const;
  const response = await server.call("v1/models/pull", call);
  return pullFrom((await response.json()) as WirePull);
}

/** It is not an error if the download has already ended. @throws ServerError */
export async function cancelPull(server: Server, id: string): Promise<void> {
  const path = `v1/models/pulls/${encodeURIComponent(id)}`;
  await server.call(path, { method: "DELETE" }, [404]);
}

/** The oldest first. @throws ServerError */
export async function listPulls(server: Server): Promise<readonly ModelPull[]> {
  const response = await server.call("v1/models/pulls");
  const { data } = (await response.json()) as { data: readonly WirePull[] };
  return data.map(pullFrom);
}

function pullFrom(wire: WirePull): ModelPull {
  return {
    id: wire.id,
    model: wire.model,
    status: wire.status,
    completedBytes: wire.completed,
    totalBytes: wire.total,
    bytesPerSecond: wire.bytes_per_second,
    etaMs: wire.eta_ms,
    name: wire.name,
    problem: wire.error?.message ?? null,
  };
}
