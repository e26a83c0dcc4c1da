// Who calls: what an API key stands for, and what it may do.

/**
 * `generate`: answers, and what belongs to them (counting tokens, kept responses). `embed`: embeddings and rerank. `read`:
 * the server's state (metrics, slots, props). `admin`: what concerns all keys. What is served, and its own usage, every key may
 * ask.
 */
export const SCOPES = ["generate", "embed", "read", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** Null is no limit. */
export type KeyLimits = {
  /** Requests on slots at the same time; more of them wait. */
  readonly concurrent: number | null;
  /** Requests that may wait for a slot. */
  readonly waiting: number | null;
  /** Tokens of prompts that were not cached, and of answers. */
  readonly tokensPerMinute: number | null;
};

export const NO_LIMITS: KeyLimits = { concurrent: null, waiting: null, tokensPerMinute: null };

export type Caller = {
  /** The same for all requests of one key, and of no other: the key's sha256 as hex. */
  readonly owner: string;
  /** For people: unique, and no secret. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly limits: KeyLimits;
};

/** The one caller of a server without keys. */
export const ANYBODY: Caller = {
  owner: "",
  name: "anonymous",
  scopes: SCOPES,
  limits: NO_LIMITS,
};
