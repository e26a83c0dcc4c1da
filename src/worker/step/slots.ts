// The pool of sequences (slots). A request gets the free slot whose KV cache already holds most of its prompt, unless that
// lies apart from those that are busy: llama.cpp computes only sequences with consecutive ids together.

import type { LlamaContextSequence, Token } from "node-llama-cpp";
import type { Batcher } from "./batcher.ts";

/** One place to generate in: a sequence of the context, kept for the context's life (disposing frees it late). */
export class Slot {
  /** Sequence id in the context, from 0. */
  readonly id: number;
  readonly sequence: LlamaContextSequence;
  isBusy = false;
  lastUsed = 0;
  /** Whose requests left what is in its cache. */
  #scope = "";

  constructor(id: number, sequence: LlamaContextSequence) {
    this.id = id;
    this.sequence = sequence;
  }

  /**
   * Keeps the common beginning of the cache and `tokens`, drops the rest, and leaves at least the last token to be
   * read (its logits are needed).
   * @returns how many tokens are in the cache
   */
  async keepPrefix(tokens: readonly number[], batcher: Batcher): Promise<number> {
    const readable = tokens.slice(0, -1) as Token[];
    const { firstDifferentIndex } = this.sequence.compareContextTokens(readable);
    if (firstDifferentIndex < this.sequence.nextTokenIndex) {
      await batcher.exclusively(() => this.sequence.adaptStateToTokens(readable, false));
    }
    return this.sequence.nextTokenIndex;
  }

  /** How much of the beginning of `tokens` is in its cache, for requests of this scope. */
  shared(tokens: readonly number[], scope: string): number {
    if (scope !== this.#scope) return 0;
    return this.sequence.compareContextTokens(tokens as Token[]).firstDifferentIndex;
  }

  /** From now on its cache is of this scope: what another one left is gone before anything can be seen of it. */
  async enterScope(scope: string, batcher: Batcher): Promise<void> {
    if (scope !== this.#scope) await this.clear(batcher);
    this.#scope = scope;
  }

  /** Empties the cache. */
  async clear(batcher: Batcher): Promise<void> {
    if (this.sequence.nextTokenIndex === 0) return;
    await batcher.exclusively(() => this.sequence.clearHistory());
  }
}

/** A slot apart from the busy ones costs every step a second computation: worth it for so many cached tokens. */
const APART_TOKENS = 64;

export class SlotPool {
  readonly #slots: readonly Slot[];
  #uses = 0;

  constructor(slots: readonly Slot[]) {
    this.#slots = slots;
  }

  /**
   * Takes the free slot with the longest beginning in common (of the same scope), beside the busy ones where that makes no great difference;
   * of equals an empty one before the least recently used.
   * @returns null when none is free
   */
  take(tokens: readonly number[], scope: string): Slot | null {
    let best: { slot: Slot; worth: number } | null = null;
    const apartTokens = this.#slots.some(({ isBusy }) => isBusy) ? APART_TOKENS : 0;
    for (const slot of this.#slots) {
      if (slot.isBusy) continue;
      const worth = slot.shared(tokens, scope) - apartTokens * this.#newRuns(slot);
      if (!best || worth > best.worth || (worth === best.worth && isBetter(slot, best.slot))) {
        best = { slot, worth };
      }
    }
    if (!best) return null;
    best.slot.isBusy = true;
    best.slot.lastUsed = ++this.#uses;
    return best.slot;
  }

  release(slot: Slot): void {
    slot.isBusy = false;
  }

  /** By how many the runs of consecutive busy slots grow with this one: -1 where it closes a gap. */
  #newRuns({ id }: Slot): number {
    const neighbours = [this.#slots[id - 1], this.#slots[id + 1]];
    return 1 - neighbours.filter((slot) => slot?.isBusy).length;
  }
}

/** Slots come in order of their ids, so that of two empty ones the lower id wins. */
function isBetter(candidate: Slot, current: Slot): boolean {
  if (current.sequence.nextTokenIndex === 0) return false;
  return candidate.sequence.nextTokenIndex === 0 || candidate.lastUsed < current.lastUsed;
}
