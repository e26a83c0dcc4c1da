// The prefix cache of a model: the KV caches of its slots, and saved copies of them in memory and on disk. Chooses the slot of a
// request, gives the slot the longest prefix that any of them has, and saves what a slot is about to lose.

import type { PrefixTier } from "../../generation/events.ts";
import { BLOCK_TOKENS, prefixHashes } from "../../generation/prefix-hashes.ts";
import type { Batcher } from "../step/batcher.ts";
import type { Run } from "../step/run.ts";
import type { Slot, SlotPool } from "../step/slots.ts";
import { PrefixCosts } from "./prefix-costs.ts";
import type { SavedPrefix } from "./saved-prefixes.ts";
import type { FoundPrefix, SavedTiers } from "./saved-tiers.ts";

/** A slot for a request, and the saved prefix that it should get; null if none is longer than the slot's own. */
export type Place = { readonly slot: Slot; readonly saved: FoundPrefix | null };

export type EnteredPrefix = { readonly cachedTokens: number; readonly tier: PrefixTier };

export type PrefixCacheOptions = {
  readonly pool: SlotPool;
  readonly batcher: Pick<Batcher, "exclusively" | "isIdle">;
  /** Until it resolves, and if it resolves with null, prefixes are kept in slots alone. */
  readonly tiers: Promise<SavedTiers | null>;
  /** Upper estimate of the bytes that a saved token takes. */
  readonly bytesPerToken: number;
  readonly log: (level: "warn", message: string) => void;
};

/** After this much time without a decode, slots are saved that no request uses. A decode would have to wait for that. */
const IDLE_MS = 50;

export class PrefixCache {
  readonly #options: PrefixCacheOptions;
  readonly #costs: PrefixCosts;
  #tiers: SavedTiers | null = null;
  #idleTimer: NodeJS.Timeout | null = null;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: PrefixCacheOptions) {
    this.#options = options;
    this.#costs = new PrefixCosts(options.bytesPerToken);
    void options.tiers.then((tiers) => {
      this.#tiers = tiers;
    });
  }

  /** @returns null when no slot is free */
  take({ tokens, cacheScope, request }: Run): Place | null {
    const tiers = request.reusePrefix ? this.#tiers : null;
    const found = tiers?.find(hashesOf(tokens, cacheScope, tiers)) ?? null;
    const saved = found && this.#costs.isWorthLoading(found) ? found : null;
    const savedTokens = saved ? mostTokens(saved, tokens.length) : 0;
    const slot = this.#options.pool.take({ tokens, scope: cacheScope, savedTokens });
    if (!slot) return null;
    return { slot, saved };
  }

  /** Prepares a slot for a run: keeps, loads or drops its cache. @returns how much of the run's tokens it holds then */
  async enter({ slot, saved }: Place, run: Run): Promise<EnteredPrefix> {
    const { batcher } = this.#options;
    const { tokens, cacheScope } = run;
    const readsAll = !run.request.reusePrefix || run.needsPromptLogprobs;
    const own = readsAll ? 0 : slot.reusable(tokens, cacheScope);
    if (slot.sequence.nextTokenIndex > own) await this.#saveIfWorth(slot);
    slot.isSaved = false; // its content changes from now on
    const gain = saved && !readsAll ? saved.blocks * BLOCK_TOKENS - own : 0;
    const isLoaded = saved !== null && gain >= BLOCK_TOKENS && (await this.#load(slot, saved));
    if (isLoaded) slot.assignScope(cacheScope);
    else await slot.enterScope(cacheScope, batcher);
    if (readsAll) await slot.clear(batcher);
    const cachedTokens = await slot.keepPrefix(tokens, batcher);
    return { cachedTokens, tier: isLoaded && cachedTokens > 0 ? saved.tier : "slot" };
  }

  /** Frees the slot. Its cache is saved when the model has nothing to do. */
  leave(slot: Slot): void {
    this.#options.pool.release(slot);
    if (!this.#tiers) return;
    if (this.#idleTimer) this.#idleTimer.refresh();
    else this.#idleTimer = setTimeout(() => this.#onIdle(), IDLE_MS);
  }

  /** A run has read this many tokens of its prompt in this time. */
  hasRead(tokens: number, ms: number): void {
    this.#costs.hasRead(tokens, ms);
  }

  /** Saves all free slots, and copies everything to the disk. */
  async close(): Promise<void> {
    await this.#saveFreeSlots();
    await this.#tiers?.flush();
  }

  #onIdle(): void {
    this.#idleTimer = null;
    if (this.#options.batcher.isIdle) this.#saving = this.#saveFreeSlots();
  }

  /** One after the other, and only while nothing else is to be computed. */
  async #saveFreeSlots(): Promise<void> {
    await this.#saving;
    for (const slot of this.#options.pool.free) {
      if (slot.isBusy || slot.isSaved || !this.#options.batcher.isIdle) continue;
      await this.#saveIfWorth(slot);
      if (!slot.isBusy) slot.isSaved = true;
    }
  }

  async #saveIfWorth(slot: Slot): Promise<void> {
    const tiers = this.#tiers;
    const tokens: readonly number[] = slot.sequence.contextTokens;
    if (!tiers || slot.isSaved || tokens.length < BLOCK_TOKENS) return;
    const hashes = hashesOf(tokens, slot.scope, tiers);
    const saved = tiers.holds(hashes) ? hashes.length : (tiers.find(hashes)?.blocks ?? 0);
    const unsaved = tokens.length - saved * BLOCK_TOKENS;
    if (unsaved < BLOCK_TOKENS || !this.#costs.isWorthSaving({ tokens: tokens.length, unsaved }))
      return;
    await this.#save(slot, { hashes, tokens: tokens.length }, tiers);
  }

  async #save(
    slot: Slot,
    description: Pick<SavedPrefix, "hashes" | "tokens">,
    tiers: SavedTiers,
  ): Promise<void> {
    const { batcher, log } = this.#options;
    const { tokens } = description;
    const place = tiers.prepare(this.#costs.bytesOf(tokens));
    if (!place) return;
    try {
      const ms = await batcher.exclusively(() =>
        timed(() => slot.sequence.saveStateToFile(place.path)),
      );
      const { bytes } = tiers.add(place.id, description);
      this.#costs.hasSaved({ tokens, bytes, ms });
    } catch (error) {
      tiers.remove(place.id);
      log("warn", `a prompt's cache could not be saved: ${(error as Error).message}`);
    }
  }

  /** @returns whether the slot has the prefix now; otherwise it is empty */
  async #load(slot: Slot, saved: FoundPrefix): Promise<boolean> {
    const { batcher, log } = this.#options;
    const tiers = this.#tiers;
    if (!tiers) return false;
    try {
      const startedAt = performance.now();
      await tiers.bring(saved);
      await slot.clear(batcher); // also drops its checkpoints, which belong to its present content
      await batcher.exclusively(() =>
        tiers.load(saved, (path) => slot.sequence.loadStateFromFile(path, { acceptRisk: true })),
      );
      this.#costs.hasLoaded(saved, performance.now() - startedAt);
      return true;
    } catch (error) {
      tiers.remove(saved.prefix.id);
      log("warn", `a saved cache could not be loaded: ${(error as Error).message}`);
      return false;
    }
  }
}

/** A block that is not whole may be the same in both as well. */
function mostTokens({ blocks, prefix }: FoundPrefix, promptTokens: number): number {
  return Math.min((blocks + 1) * BLOCK_TOKENS - 1, prefix.tokens, promptTokens - 1);
}

function hashesOf(
  tokens: readonly number[],
  scope: string,
  { modelKey }: SavedTiers,
): readonly string[] {
  return prefixHashes(tokens, JSON.stringify([modelKey, scope]));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
