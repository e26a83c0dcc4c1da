// What each key has used since the server started.

import type { Usage } from "../generation/events.ts";
import type { Caller } from "./caller.ts";

export type KeyUsage = {
  /** Those that were let in. */
  readonly requests: number;
  readonly promptTokens: number;
  /** Of the prompts' tokens, those from the cache. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
};

const NOTHING: KeyUsage = {
  requests: 0,
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
};

export class UsageBook {
  readonly #callers: () => readonly Caller[];
  readonly #byOwner = new Map<string, KeyUsage>();

  /** @param callers those that there are now: what others have used is forgotten with them */
  constructor(callers: () => readonly Caller[]) {
    this.#callers = callers;
  }

  /** A request has ended. @param usage null when nothing was computed for it */
  add({ owner }: Caller, usage: Omit<Usage, "reasoningTokens"> | null): void {
    const before = this.of(owner);
    this.#byOwner.set(owner, {
      requests: before.requests + 1,
      promptTokens: before.promptTokens + (usage?.promptTokens ?? 0),
      cachedTokens: before.cachedTokens + (usage?.cachedTokens ?? 0),
      completionTokens: before.completionTokens + (usage?.completionTokens ?? 0),
    });
  }

  of(owner: string): KeyUsage {
    return this.#byOwner.get(owner) ?? NOTHING;
  }

  /** All keys that there are. */
  get all(): readonly (KeyUsage & { readonly name: string })[] {
    const callers = this.#callers();
    const owners = new Set(callers.map(({ owner }) => owner));
    for (const owner of this.#byOwner.keys()) if (!owners.has(owner)) this.#byOwner.delete(owner);
    return callers.map(({ owner, name }) => ({ name, ...this.of(owner) }));
  }
}
