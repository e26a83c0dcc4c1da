// Reads the body of GET /v1/models: each model once, whatever further names it has. Also finds the model of a conversation.

import type { ReasoningEffort } from "../conversation/conversation.ts";

/** A model as the server lists it. */
export type PageModel = {
  readonly id: string;
  readonly aliases: readonly string[];
  /** `unloaded`, `waiting`, `loading`, `ready`, `restarting`, `unloading`, `failed` or `closed`. */
  readonly state: string;
  /** Why the state is `failed` or `restarting`. */
  readonly reason: string | null;
  /** 0 to 1 while it is loaded. */
  readonly loadProgress: number;
  /** False for a model that only computes embeddings or ranks documents. */
  readonly canChat: boolean;
  /** Bytes of the file. */
  readonly sizeBytes: number | null;
  /** Tokens of one conversation; null until the model was loaded. */
  readonly contextTokens: number | null;
  /** How much it can be told to reason; empty without reasoning, or while that is unknown. */
  readonly reasoningEfforts: readonly ReasoningEffort[];
  /** Bytes that it takes when it is loaded, in RAM and on the GPU; null while that is unknown. */
  readonly memoryBytes: number | null;
  /** Whether it fits into the memory for models; null while that is unknown. */
  readonly fits: boolean | null;
  readonly isPinned: boolean;
  readonly isDeletable: boolean;
};

/** The fields that are used. */
export type WireModel = {
  readonly id: string;
  readonly meta: {
    readonly state: string;
    readonly reason: string | null;
    readonly progress: number;
    readonly kind: string;
    readonly aliases: readonly string[];
    readonly size: number | null;
    readonly n_ctx: number | null;
    /** Absent in the answer of an older server. */
    readonly reasoning_efforts?: readonly ReasoningEffort[] | null;
    readonly memory: { readonly ram: number; readonly vram: number } | null;
    readonly fits: boolean | null;
    readonly pinned: boolean;
    readonly deletable: boolean;
  };
};

/** @param data one entry for each name of a model, the main name first: that one lists all aliases, the others only the main name */
export function pageModels(data: readonly WireModel[]): readonly PageModel[] {
  const others = new Set<string>();
  const models: PageModel[] = [];
  for (const { id, meta } of data) {
    if (others.has(id)) continue;
    for (const alias of meta.aliases) others.add(alias);
    models.push(pageModel(id, meta));
  }
  return models;
}

/** @param name one of its names; null for the server's default. @returns null if no such model can chat */
export function chosenModel(models: readonly PageModel[], name: string | null): PageModel | null {
  const canChat = models.filter((model) => model.canChat);
  const isNamed = ({ id, aliases }: PageModel) => id === name || aliases.includes(name ?? "");
  return (name === null ? canChat[0] : canChat.find(isNamed)) ?? null;
}

/** Whether it is between two states, so that its state will soon be another. */
export function isChanging({ state }: PageModel): boolean {
  return ["waiting", "loading", "restarting", "unloading"].includes(state);
}

function pageModel(id: string, meta: WireModel["meta"]): PageModel {
  return {
    id,
    aliases: meta.aliases,
    state: meta.state,
    reason: meta.reason,
    loadProgress: meta.progress,
    canChat: meta.kind === "chat",
    sizeBytes: meta.size,
    contextTokens: meta.n_ctx,
    reasoningEfforts: meta.reasoning_efforts ?? [],
    memoryBytes: meta.memory && meta.memory.ram + meta.memory.vram,
    fits: meta.fits,
    isPinned: meta.pinned,
    isDeletable: meta.deletable,
  };
}
