// The models of a running server, as its /v1/models lists them, and the commands' requests to load and unload one.

import { setTimeout as sleep } from "node:timers/promises";
import { CommandError } from "../command-error.ts";
import { acceptedBody, askServer, callServer, type ServerAddress } from "./call-server.ts";

/** A server that serves one model gives only some of these. */
export type ListedMeta = {
  readonly state?: string;
  /** Why it failed or waits. */
  readonly reason?: string | null;
  /** Its other names, which are listed too. */
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
const POLL_MS = 500;
/** A busy model is unloaded when its requests have ended; a large one takes minutes to load. */
const WAIT_LIMIT_MS = 600_000;

/** The states in which a change has ended. */
const ENDS = {
  load: ["ready", "failed", "closed"],
  unload: ["unloaded", "failed", "closed"],
} as const satisfies Record<string, readonly string[]>;

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
  return models.filter(({ meta }, index) => {
    const earlier = models.slice(0, index).map(({ id }) => id);
    return !meta?.aliases?.some((alias) => earlier.includes(alias));
  });
}

type ModelChange = {
  readonly address: ServerAddress;
  readonly change: keyof typeof ENDS;
  readonly model: string;
  /** Called once if the change takes a while, with what it waits for. */
  readonly onWait: (meta: ListedMeta) => void;
};

/** Resolves when the model is loaded or unloaded. @throws CommandError if it fails, or takes longer than 10 minutes */
export async function changeModel({ address, change, model, onWait }: ModelChange) {
  const deadline = performance.now() + WAIT_LIMIT_MS;
  const path = `/v1/models/${change}`;
  const body = { model };
  // Node's fetch gives up after 5 minutes without an answer; the server answers at once or when the change has ended.
  let listed = (await askServer(address, {
    method: "POST",
    path,
    body,
    timeoutMs: WAIT_LIMIT_MS,
  })) as ListedModel;
  const ends: readonly string[] = ENDS[change];
  for (let round = 0; !ends.includes(listed.meta?.state ?? ""); round++) {
    if (round === 0) onWait(listed.meta ?? {});
    if (performance.now() > deadline)
      throw new CommandError(
        `${listed.id} is still ${listed.meta?.state} after ${WAIT_LIMIT_MS / 60_000} minutes; see: ${address.program} ps`,
      );
    await sleep(POLL_MS);
    const { id } = listed;
    const now = (await servedModels(address)).find((each) => each.id === id);
    if (!now) throw new CommandError(`${id} is no longer offered by ${address.url}`);
    listed = now;
  }
  const { state, reason } = listed.meta ?? {};
  if (state === "failed" || state === "closed")
    throw new CommandError(`cannot ${change} ${listed.id}: ${reason ?? `it is ${state}`}`);
  return listed;
}
