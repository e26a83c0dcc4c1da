// The pool of slots. A request gets the free slot whose KV cache already holds most of its prompt. Slots next to busy ones are
// preferred, because llama.cpp computes only sequences with consecutive ids together.

import type { LlamaContextSequence, Token } from "node-llama-cpp";
import { type KvTokens, NO_KV_TOKENS } from "../../generation/model-info.ts";
import type { Batcher } from "./batcher.ts";

/** Runs work that changes caches while no decode is queued. */
type ExclusiveWork = Pick<Batcher, "exclusively">;

/** A sequence of the context, kept as long as the context, because the library frees a disposed sequence late. */
export class Slot {
  /** Sequence id in the context, from 0. */
  readonly id: number;
  readonly sequence: LlamaContextSequence;
  isBusy = false;
  lastUsed = 0;
  /** Whether its cache needs no saving: it was saved, or is not worth it. */
  isSaved = true;
  /** The cache scope of the requests that filled its cache. */
  #scope = "";

  constructor(id: number, sequence: LlamaContextSequence) {
    this.id = id;
    this.sequence = sequence;
  }

  get scope(): string {
    return this.#scope;
  }

  /**
   * Keeps the common prefix of the cache and `tokens`, and drops the rest. Always leaves the last token to be read, because
   * its logits are needed.
   * @returns how many tokens the cache holds
   */
  async keepPrefix(tokens: readonly number[], batcher: ExclusiveWork): Promise<number> {
    const readable = tokens.slice(0, -1) as Token[];
    const { firstDifferentIndex } = this.sequence.compareContextTokens(readable);
    if (firstDifferentIndex < this.sequence.nextTokenIndex) {
      await batcher.exclusively(() => this.sequence.adaptStateToTokens(readable, false));
    }
    return this.sequence.nextTokenIndex;
  }

  /**
   * How many tokens `keepPrefix()` would keep; 0 if the cache has another scope. Models with a recurrent state or a sliding
   * window can go back only to a checkpoint.
   */
  reusable(tokens: readonly number[], scope: string): number {
    if (scope !== this.#scope) return 0;
    const readable = tokens.slice(0, -1) as Token[];
    const { firstDifferentIndex: common } = this.sequence.compareContextTokens(readable);
    if (common === 0 || common === this.sequence.nextTokenIndex) return common;
    const again = this.sequence.getRestoreToPrefixIndexEvaluationSize(common - 1);
    return again > 0 && again >= common - 1 ? 0 : common - again;
  }

  /** Assigns its cache to this scope, and clears it first if it had another, so that response times do not reveal it. */
  async enterScope(scope: string, batcher: ExclusiveWork): Promise<void> {
    if (scope !== this.#scope) await this.clear(batcher);
    this.#scope = scope;
  }

  /** Assigns its cache, which was loaded for this scope. */
  assignScope(scope: string): void {
    this.#scope = scope;
  }

  /** Empties the cache. */
  async clear(batcher: ExclusiveWork): Promise<void> {
    if (this.sequence.nextTokenIndex === 0) return;
    await batcher.exclusively(() => this.sequence.clearHistory());
  }
}

export function kvTokensOf(slots: readonly Slot[]): KvTokens {
  return slots.reduce(({ running, kept }, { isBusy, sequence: { nextTokenIndex: tokens } }) => {
    return isBusy ? { running: running + tokens, kept } : { running, kept: kept + tokens };
  }, NO_KV_TOKENS);
}

/** A slot not next to a busy one makes llama.cpp compute each step in two parts. This many cached tokens make up for it. */
const APART_TOKENS = 64;
/** Loading a saved prefix, now or later for the conversation that loses its slot, costs this share of reading it. */
const LOAD_SHARE = 0.02;

export type SlotWish = {
  readonly tokens: readonly number[];
  readonly scope: string;
  /** How many of the tokens a saved prefix could bring into any slot. */
  readonly savedTokens: number;
};

export class SlotPool {
  readonly #slots: readonly Slot[];
  #uses = 0;

  constructor(slots: readonly Slot[]) {
    this.#slots = slots;
  }

  /**
   * Takes the free slot that has to read the fewest tokens, counting `APART_TOKENS` for a slot that is not next to a busy one, and
   * `LOAD_SHARE` for a prefix that must be loaded, or a cache that is lost. Among equal slots, an empty one comes first, then
   * the least recently used.
   * @returns null when no slot is free
   */
  take({ tokens, scope, savedTokens }: SlotWish): Slot | null {
    let best: { slot: Slot; worth: number } | null = null;
    const apartTokens = this.#slots.some(({ isBusy }) => isBusy) ? APART_TOKENS : 0;
    for (const slot of this.free) {
      const own = slot.reusable(tokens, scope);
      const isExtended = own >= savedTokens && own === slot.sequence.nextTokenIndex;
      const prefix = Math.max(own, savedTokens) * (isExtended ? 1 : 1 - LOAD_SHARE);
      const worth = prefix - apartTokens * this.#addedGroups(slot);
      if (!best || worth > best.worth || (worth === best.worth && isBetter(slot, best.slot))) {
        best = { slot, worth };
      }
    }
    if (!best) return null;
    best.slot.isBusy = true;
    best.slot.lastUsed = ++this.#uses;
    return best.slot;
  }

  /** The slots that no request uses, by their ids. */
  get free(): readonly Slot[] {
    return this.#slots.filter(({ isBusy }) => !isBusy);
  }

  release(slot: Slot): void {
    slot.isBusy = false;
  }

  /** How many more groups of consecutive busy slots there are with this one: -1 when it closes a gap. */
  #addedGroups({ id }: Slot): number {
    const neighbours = [this.#slots[id - 1], this.#slots[id + 1]];
    return 1 - neighbours.filter((slot) => slot?.isBusy).length;
  }
}

/** Slots are compared in order of their ids, so the lower id wins between two empty slots. */
function isBetter(candidate: Slot, current: Slot): boolean {
  if (current.sequence.nextTokenIndex === 0) return false;
  return candidate.sequence.nextTokenIndex === 0 || candidate.lastUsed < current.lastUsed;
}
