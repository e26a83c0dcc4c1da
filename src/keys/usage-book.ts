// Usage of each key since the server started.

import type { KeyUsage, Usage } from "../generation/events.ts";
import type { Caller } from "./caller.ts";

const NOTHING: KeyUsage = { requests: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0 };

export class UsageBook {
  readonly #callers: () => readonly Caller[];
  readonly #byOwner = new Map<string, KeyUsage>();

  /** @param callers returns the current keys; the usage of removed keys is forgotten */
  constructor(callers: () => readonly Caller[]) {
    this.#callers = callers;
  }

  /** Records a request that has ended. @param usage null if nothing was computed for it */
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

  /** Usage of all current keys. */
  get all(): readonly (KeyUsage & { readonly name: string })[] {
    const callers = this.#callers();
    const owners = new Set(callers.map(({ owner }) => owner));
    for (const owner of this.#byOwner.keys()) if (!owners.has(owner)) this.#byOwner.delete(owner);
    return callers.map(({ owner, name }) => ({ name, ...this.of(owner) }));
  }
}
