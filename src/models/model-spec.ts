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
