// The sender of a request: what its API key stands for and what it may do.

/**
 * `generate`: answers and related requests (counting tokens, kept responses). `embed`: embeddings and rerank. `read`: server
 * state (metrics, slots, props). `admin`: everything about all keys. Every key may list the served models and read its own
 * usage.
 */
export const SCOPES = ["generate", "embed", "read", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** Null means no limit. */
export type KeyLimits = {
  /** Requests running at the same time; further ones wait. */
  readonly concurrent: number | null;
  readonly waiting: number | null;
  /** Uncached prompt tokens plus generated tokens. */
  readonly tokensPerMinute: number | null;
};

export const NO_LIMITS: KeyLimits = { concurrent: null, waiting: null, tokensPerMinute: null };

export type Caller = {
  /** Identifies the key: its SHA-256 as hex. */
  readonly owner: string;
  /** Readable name: unique and not secret. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly limits: KeyLimits;
};

/** The only caller of a server without keys. */
export const ANONYMOUS: Caller = {
  owner: "",
  name: "anonymous",
  scopes: SCOPES,
  limits: NO_LIMITS,
};
