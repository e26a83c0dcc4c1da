// The models of a running server, as its /v1/models lists them. To load or unload one: change-model.ts.

import { acceptedBody, askServer, callServer, type ServerAddress } from "./call-server.ts";

/** A server that serves one model gives only some of these. */
export type ListedMeta = {
  readonly state?: string;
  /** Why it failed or waits. */
  readonly reason?: string | null;
  /** Its other names, which are listed too; in an entry under such a name, only the first of its names. */
  readonly aliases?: readonly string[];
  /** Bytes of its file. */
  readonly size?: number | null;
  readonly n_ctx?: number | null;
  readonly slots?: number | null;
  readonly memory?: ListedMemory | null;
  readonly pinned?: boolean;
  /** Running requests. */
  readonly busy?: number;
  /** Requests in its queue. */
  readonly waiting?: number;
  /** Seconds since 1970. */
  readonly unloads_at?: number | null;
  readonly load_ms?: number | null;
  /** The process of a chat model that computes its embeddings. */
  readonly embeddings?: { readonly state: string; readonly memory: ListedMemory | null } | null;
};

/** In bytes. */
type ListedMemory = { readonly ram: number; readonly vram: number };

export type ListedModel = { readonly id: string; readonly meta?: ListedMeta };

type ModelList = { readonly data?: readonly ListedModel[] };

const LIST = { path: "/v1/models" };

/** @throws CommandError if there is no server, or it refuses */
export async function servedModels(address: ServerAddress): Promise<readonly ListedModel[]> {
  return ((await askServer(address, LIST)) as ModelList).data ?? [];
}

/** @returns null if there is no server. @throws CommandError if it refuses */
export async function servedModelsIfAny(
  address: ServerAddress,
): Promise<readonly ListedModel[] | null> {
  const answer = await callServer(address, LIST);
  return answer && ((acceptedBody(answer, address, LIST) as ModelList).data ?? []);
}

/** The other states hold no memory. */
const LOADED = ["waiting", "loading", "ready", "restarting", "unloading"];

/** @param part a model, or its process for embeddings */
export function isLoaded(part: { readonly state?: string } | null | undefined): boolean {
  return LOADED.includes(part?.state ?? "");
}

/** Each model under the first of its names: an alias is no further model. */
export function withoutAliases(models: readonly ListedModel[]): readonly ListedModel[] {
  const earlier = new Set<string>();
  return models.filter(({ id, meta }) => {
    earlier.add(id);
    return !meta?.aliases?.some((alias) => earlier.has(alias));
  });
}
