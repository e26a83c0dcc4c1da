// The pool of sequences (slots). A request gets the free slot whose KV cache already holds most of its prompt.

import type { LlamaContextSequence, Token } from "node-llama-cpp";
import type { Batcher } from "./batching.ts";

/** One place to generate in: a sequence of the context, kept for the context's life (disposing frees it late). */
export class Slot {
  /** Sequence id in the context, from 0. */
  readonly id: number;
  readonly sequence: LlamaContextSequence;
  isBusy = false;
  lastUsed = 0;

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

  /** Empties the cache. */
  async clear(batcher: Batcher): Promise<void> {
    if (this.sequence.nextTokenIndex === 0) return;
    await batcher.exclusively(() => this.sequence.clearHistory());
  }
}

export class SlotPool {
  readonly #slots: readonly Slot[];
  #uses = 0;

  constructor(slots: readonly Slot[]) {
    this.#slots = slots;
  }

  /**
   * Takes the free slot with the longest beginning in common; of equals an empty one before the least recently used.
   * @returns null when none is free
   */
  take(tokens: readonly number[]): Slot | null {
    let best: { slot: Slot; shared: number } | null = null;
    for (const slot of this.#slots) {
      if (slot.isBusy) continue;
      const shared = sharedLength(slot, tokens);
      if (!best || shared > best.shared || (shared === best.shared && isBetter(slot, best.slot))) {
        best = { slot, shared };
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
}

function sharedLength(slot: Slot, tokens: readonly number[]): number {
  return slot.sequence.compareContextTokens(tokens as Token[]).firstDifferentIndex;
}

/** Slots come in order of their ids, so that of two empty ones the lower id wins. */
function isBetter(candidate: Slot, current: Slot): boolean {
  if (current.sequence.nextTokenIndex === 0) return false;
  return candidate.sequence.nextTokenIndex === 0 || candidate.lastUsed < current.lastUsed;
}
