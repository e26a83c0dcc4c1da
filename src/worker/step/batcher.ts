// Decides what enters the next decode, and is the clock of the decode steps: node-llama-cpp asks the strategy once before
// each decode. Its contract: https://node-llama-cpp.withcat.ai/guide/batching

import type { BatchItem, PrioritizedBatchItem } from "node-llama-cpp";
import type { StepLoad } from "../../generation/events.ts";

/** How often in a row the strategy may answer "not yet": each is a few microtasks, during which nothing else runs. */
const PATIENCE_TURNS = 50;

export type StepTime = Omit<StepLoad, "threads">;

export type BatcherOptions = {
  /** A step's events are complete: called as the next decode starts, and when no stream is left. */
  readonly onStep: () => void;
  readonly onStepTime: (step: StepTime) => void;
};

/**
 * Whole batches: a decode starts only when every stream that is about to ask for one has asked, otherwise the last one
 * misses it and half of all decodes are wasted. A stream counts from `enter()` to `leave()`; in between it may wait for
 * nothing but its decodes.
 */
export class Batcher {
  readonly #options: BatcherOptions;
  #busy = 0;
  #readers = 0;
  #turns = 0;
  #stepStartedAtMs = 0;
  #step: { readonly decodes: number; readonly promptTokens: number } | null = null;
  #exclusive: Promise<void> = Promise.resolve();
  #exclusiveWaiting = 0;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  enter(): void {
    if (this.isIdle) this.#stepStartedAtMs = performance.now();
    this.#busy += 1;
  }

  /** As `enter()`, for a stream that reads its prompt first. @returns to be called when it has, at least once */
  enterReading(): () => void {
    this.enter();
    this.#readers += 1;
    let isReading = true;
    return () => {
      if (isReading) this.#readers -= 1;
      isReading = false;
    };
  }

  /** Streams that read their prompts. */
  get readers(): number {
    return this.#readers;
  }

  /** Streams that generate. */
  get decoders(): number {
    return this.#busy - this.#readers;
  }

  leave(): void {
    this.#busy -= 1;
    if (this.#busy === 0) this.#options.onStep();
  }

  /** To be called by each stream when it has what it asked for: the first one in a step stops the clock. */
  computed(): void {
    if (!this.#step) return;
    const ms = performance.now() - this.#stepStartedAtMs;
    const step = this.#step;
    this.#step = null;
    this.#options.onStepTime({ ms, ...step });
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
    this.#options.onStep();
    const batch = shareBatch(options.items, options.size);
    this.#step = contentOf(batch);
    this.#stepStartedAtMs = performance.now();
    return batch;
  };
}

function contentOf(batch: readonly PrioritizedBatchItem[]) {
  let decodes = 0;
  let promptTokens = 0;
  for (const { item, processAmount } of batch) {
    if (item.tokens.length === 1) decodes += 1;
    else promptTokens += processAmount;
  }
  return { decodes, promptTokens };
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
