// Decides what enters the next decode, and is the clock of the decode steps: node-llama-cpp asks the strategy once before
// each decode. Its contract: https://node-llama-cpp.withcat.ai/guide/batching

import type { BatchItem, PrioritizedBatchItem } from "node-llama-cpp";

/** How often in a row the strategy may answer "not yet": each is a few microtasks, during which nothing else runs. */
const PATIENCE_TURNS = 50;

/**
 * Whole batches: a decode starts only when every stream that is about to ask for one has asked, otherwise the last one
 * misses it and half of all decodes are wasted. A stream counts from `enter()` to `leave()`; in between it may wait for
 * nothing but its decodes.
 */
export class Batcher {
  readonly #onStep: () => void;
  #busy = 0;
  #prefilling = 0;
  #turns = 0;
  #stepStartedAtMs = 0;
  #exclusive: Promise<void> = Promise.resolve();
  #exclusiveWaiting = 0;

  /** @param onStep called when a step's events are complete: as the next decode starts, and when no stream is left */
  constructor(onStep: () => void) {
    this.#onStep = onStep;
  }

  enter(): void {
    if (this.isIdle) this.#stepStartedAtMs = performance.now();
    this.#busy += 1;
  }

  /** To be told while a stream reads its prompt. */
  prefill(isReading: boolean): void {
    this.#prefilling += isReading ? 1 : -1;
  }

  /** A slice of a prompt such that those of all streams that read one fit into one decode: a stop waits for no more. */
  sliceTokens(batchTokens: number): number {
    return Math.ceil(batchTokens / Math.max(1, this.#prefilling));
  }

  leave(): void {
    this.#busy -= 1;
    if (this.#busy === 0) this.#onStep();
  }

  /** Whether no stream is about to ask for a decode: no further step will come by itself. */
  get isIdle(): boolean {
    return this.#busy === 0;
  }

  /** For how long the current decode has been running, in ms; 0 while there is none. */
  get stepAgeMs(): number {
    return this.isIdle ? 0 : performance.now() - this.#stepStartedAtMs;
  }

  /** Lets those through who need the context for themselves. To be called by a stream before each of its decodes. */
  async makeWay(): Promise<void> {
    if (this.#exclusiveWaiting === 0) return;
    this.leave();
    while (this.#exclusiveWaiting > 0) await this.#exclusive;
    this.enter();
  }

  /**
   * Runs `work` while no decode is queued. Changing a sequence's cache needs the context's lock, which the library
   * holds while decodes are queued: beside busy streams such a change would wait for ever.
   */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.#exclusiveWaiting += 1;
    const result = this.#exclusive.then(work);
    const end = () => {
      this.#exclusiveWaiting -= 1;
    };
    this.#exclusive = result.then(end, end);
    return result;
  }

  /** The strategy to give to the context: an arrow function, because the library calls it unbound. */
  readonly fillBatch = (options: {
    readonly items: readonly BatchItem[];
    readonly size: number;
  }): PrioritizedBatchItem[] => {
    if (options.items.length < this.#busy && this.#turns < PATIENCE_TURNS) {
      this.#turns += 1;
      return [];
    }
    this.#turns = 0;
    this.#stepStartedAtMs = performance.now();
    this.#onStep();
    return shareBatch(options.items, options.size);
  };
}

/**
 * Single tokens (streams that decode) enter first, prompt slices share what is left. The result is ordered by
 * `evaluationPriority`, where we keep the sequence id: llama.cpp decodes only consecutive ids together.
 */
export function shareBatch(items: readonly BatchItem[], size: number): PrioritizedBatchItem[] {
  let left = size;
  const taken: PrioritizedBatchItem[] = [];
  const decodesFirst = [...items].sort(
    (a, b) => Number(a.tokens.length > 1) - Number(b.tokens.length > 1),
  );
  for (const item of decodesFirst) {
    const processAmount = Math.min(item.tokens.length, left);
    if (processAmount === 0) break; // an amount of 0 would count as 1
    left -= processAmount;
    taken.push({ item, processAmount });
  }
  return taken.sort((a, b) => a.item.evaluationPriority - b.item.evaluationPriority);
}
