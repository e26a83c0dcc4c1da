// The facts about a loaded model, and the state of a model: what answers, the banner and the log show.

import type { MemoryUse } from "./memory-use.ts";
import type { Syntax } from "./syntax.ts";
import type { TemplateTraits } from "./template-traits.ts";

/** The loaded model, with the values that are really in use. */
export type ModelInfo = {
  /** The name in the file; null if it has none. */
  readonly name: string | null;
  /** e.g. `CPU` or `CUDA (NVIDIA H200)`. */
  readonly device: string;
  /** Why the requested device is not in use; null if it is. */
  readonly deviceNote: string | null;
  /** Memory of all GPUs in use, in bytes; 0 without a GPU. */
  readonly gpuBytes: number;
  readonly gpuLayers: number;
  readonly totalLayers: number;
  readonly threads: number;
  readonly slots: number;
  /** Tokens per slot. */
  readonly contextTokens: number;
  readonly trainedContextTokens: number;
  readonly batchTokens: number;
  /** Jinja source; null if the GGUF has none, or none that can be parsed. */
  readonly chatTemplate: string | null;
  /** How the template treats each kind of conversation; null without a chat template. */
  readonly templateTraits: TemplateTraits | null;
  /** Name of the tool call format; null without a chat template. */
  readonly toolFormat: string | null;
  /** Syntax in which it writes the arguments of tool calls. */
  readonly argumentSyntax: Syntax;
  /** Name of the reasoning format; null for a model without reasoning. */
  readonly reasoningFormat: string | null;
  /** Whether a request can switch reasoning on or set its effort. Other models always reason, or never. */
  readonly canSwitchReasoning: boolean;
  readonly vocabularySize: number;
  /** Whether it computes embeddings or ranks documents, and cannot generate. */
  readonly isEmbedding: boolean;
  /** Whether it can rank documents. */
  readonly canRank: boolean;
  readonly modelBytes: number;
  /** What the weights and the context take. The worker itself takes more: 0.1 to 0.2 GB. */
  readonly memory: MemoryUse;
  /** The architecture's name, e.g. `llama`. */
  readonly family: string;
  readonly parameters: number;
  /** Quantization of most tensors, e.g. `Q4_K_M`; null if the GGUF does not name it. */
  readonly quantization: string | null;
  /** Whether it supports fill-in-the-middle. */
  readonly canInfill: boolean;
  readonly beginningText: string | null;
  readonly endText: string | null;
};

/** The state of an engine: its worker process and the model in it. */
export type EngineState = "unloaded" | "loading" | "ready" | "restarting" | "failed" | "closed";

/** `waiting`: requests wait until other models have freed the memory. */
export const MODEL_STATES = [
  ...(["unloaded", "waiting", "loading", "ready", "unloading"] as const),
  ...(["restarting", "failed", "closed"] as const),
] satisfies readonly (EngineState | "waiting" | "unloading")[];

/** Tokens in the KV caches of a model's slots. */
export type KvTokens = {
  /** Those of running requests. */
  readonly running: number;
  /** Those of earlier prompts and answers, on free slots: the next request may reuse or replace them. */
  readonly kept: number;
};

export const NO_KV_TOKENS: KvTokens = { running: 0, kept: 0 };

export type ModelState = {
  readonly names: readonly [string, ...string[]];
  readonly state: (typeof MODEL_STATES)[number];
  /** Why the state is `failed` or `restarting`; null otherwise. */
  readonly reason: string | null;
  readonly kind: "chat" | "embedding";
  /** Of the file; 0 if it cannot be read. */
  readonly sizeBytes: number;
  /** When the file was written; null if it cannot be read. */
  readonly modifiedAt: Date | null;
  /** Null until it was loaded for the first time, or its file was read. */
  readonly info: ModelInfo | null;
  readonly slots: number;
  /** What it takes when it is loaded; null if that is not known yet. */
  readonly memory: MemoryUse | null;
  /** Whether it fits into the memory budget; null until its memory is known. */
  readonly fits: boolean | null;
  /** 0 to 1 while it is loaded. */
  readonly loadProgress: number;
  readonly isPinned: boolean;
  /** Whether it can be deleted: a file in the models folder. */
  readonly isDeletable: boolean;
  /** Running requests. */
  readonly busy: number;
  /** Requests that wait for the model or its slots. */
  readonly waiting: number;
  /** Unix times in seconds; null for never. */
  readonly loadedAtSeconds: number | null;
  readonly lastUsedAtSeconds: number | null;
  readonly unloadsAtSeconds: number | null;
  /** Time of the last load, in ms; null before any. */
  readonly loadMs: number | null;
  /** The process of a chat model that computes its embeddings; null before the first such request. */
  readonly embeddings: Pick<ModelState, "state" | "memory"> | null;
};
