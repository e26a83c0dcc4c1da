// The sender of a request: what its API key stands for and what it may do.

import type { KeyLimits, LimitedCaller } from "../generation/caller.ts";

/**
 * `generate`: answers and related requests (counting tokens, kept responses). `embed`: embeddings and rerank. `read`: server
 * state (metrics, slots, props). `admin`: everything about all keys. Every key may list the served models and read its own
 * usage.
 */
export const SCOPES = ["generate", "embed", "read", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

export const NO_LIMITS: KeyLimits = {
  concurrent: null,
  waiting: null,
  tokensPerMinute: null,
  tokensPerDay: null,
  tokensPerMonth: null,
};

export type Caller = LimitedCaller & {
  /** Readable name: unique and not secret. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The names of the models that it may use; null for all. */
  readonly models: readonly string[] | null;
  /** Milliseconds since 1970; null if it does not expire. */
  readonly expiresAtMs: number | null;
};

const GROUP = "group:";

/** Identifies a group among all owners: those of keys are hashes. */
export function groupOwner(name: string): string {
  return GROUP + name;
}

/** A group has no requests of its own, so its name is known from its owner only. */
export function nameOfGroup(owner: string): string | null {
  return owner.startsWith(GROUP) ? owner : null;
}

/** The only caller of a server without keys. */
export const ANONYMOUS: Caller = {
  owner: "",
  name: "anonymous",
  scopes: SCOPES,
  limits: NO_LIMITS,
  models: null,
  expiresAtMs: null,
};
