// Usage of each key: since the server started, for the metrics, and by day, for everything else.

import type { KeyUsage, Usage } from "../../generation/events.ts";
import type { Caller } from "../caller.ts";
import type { DailyUsage } from "./daily-usage.ts";

const NOTHING: KeyUsage = { requests: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0 };

export class UsageBook {
  readonly #callers: () => readonly Caller[];
  readonly #byOwner = new Map<string, KeyUsage>();
  /** What each key has used on each day. */
  readonly daily: DailyUsage;

  /** @param callers returns the current keys; the usage of removed keys since the start is forgotten */
  constructor(callers: () => readonly Caller[], daily: DailyUsage) {
    this.#callers = callers;
    this.daily = daily;
  }

  /** Records a request that has ended. @param usage null if nothing was computed for it */
  add(caller: Caller, usage: Omit<Usage, "reasoningTokens"> | null): void {
    this.daily.add(caller, usage);
    const before = this.of(caller.owner);
    this.#byOwner.set(caller.owner, {
      requests: before.requests + 1,
      promptTokens: before.promptTokens + (usage?.promptTokens ?? 0),
      cachedTokens: before.cachedTokens + (usage?.cachedTokens ?? 0),
      completionTokens: before.completionTokens + (usage?.completionTokens ?? 0),
    });
  }

  /** Since the server started. */
  of(owner: string): KeyUsage {
    return this.#byOwner.get(owner) ?? NOTHING;
  }

  /** Usage of all current keys since the server started. */
  get all(): readonly (KeyUsage & { readonly name: string })[] {
    const callers = this.#callers();
    const owners = new Set(callers.map(({ owner }) => owner));
    for (const owner of this.#byOwner.keys()) if (!owners.has(owner)) this.#byOwner.delete(owner);
    return callers.map(({ owner, name }) => ({ name, ...this.of(owner) }));
  }
}
