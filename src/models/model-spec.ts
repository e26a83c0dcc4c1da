// What the settings, or a file of the models folder, say about a model: model-list.ts makes an entry from it.

import type { ServiceError } from "../errors.ts";

/** What is known about a model before it is loaded. */
export type ModelSpec = {
  /** The first one is its id. */
  readonly names: readonly [string, ...string[]];
  /** Absolute path; for a model of other machines, what identifies its file there. */
  readonly file: string;
  /** Whether other machines have its file and load it. */
  readonly isRemote?: true;
  /** Tokens per slot; null for as many as fit. */
  readonly contextTokens: number | null;
  readonly slots: number;
  /** Null for as many as fit. */
  readonly gpuLayers: number | null;
  /** Whether it is never unloaded. */
  readonly isPinned: boolean;
  /** Whether it is loaded at the start. */
  readonly isPreloaded: boolean;
};

/** The models of the settings. */
export type ConfiguredModels = {
  /** The first one is for requests that name no model. None as long as no other machine serves one. */
  readonly generating: readonly ModelSpec[];
  /** Whether the first one takes every name that no other model has. */
  readonly servesAny: boolean;
  /** May be one of those that generate; null for the first of them. */
  readonly embedding: ModelSpec | null;
  /** May be one of the others; null for the embedding model. */
  readonly ranking: ModelSpec | null;
  /** Further models that only compute embeddings or rank documents. Default: none. */
  readonly others?: readonly ModelSpec[];
  /** Further names for the embedding model, and for the ranking model. */
  readonly aliases: readonly string[];
  /** Its GGUF files are offered too; null for none. */
  readonly folder: string | null;
  /** Why a name is unknown, if that may change soon; null if it is no model's. @param name null for the default model */
  readonly missing?: (name: string | null) => ServiceError | null;
};
