// What the settings, or a file of the models folder, say about a model: model-list.ts makes an entry from it.

/** What is known about a model before it is loaded. */
export type ModelSpec = {
  /** The first one is its id. */
  readonly names: readonly [string, ...string[]];
  /** Absolute path. */
  readonly file: string;
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
  /** The first one is for requests that name no model. */
  readonly generating: readonly [ModelSpec, ...ModelSpec[]];
  /** Whether the first one takes every name that no other model has. */
  readonly servesAny: boolean;
  /** May be one of those that generate; null for the first of them. */
  readonly embedding: ModelSpec | null;
  /** May be one of the others; null for the embedding model. */
  readonly ranking: ModelSpec | null;
  /** Further names for the embedding model, and for the ranking model. */
  readonly aliases: readonly string[];
  /** Its GGUF files are offered too; null for none. */
  readonly folder: string | null;
};
