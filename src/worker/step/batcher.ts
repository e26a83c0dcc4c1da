// Decides which tokens enter the next decode, and measures the decode steps. node-llama-cpp calls the batching strategy once
// before each decode: https://node-llama-cpp.withcat.ai/guide/batching

import type { BatchItem, PrioritizedBatchItem } from "node-llama-cpp";
import type { DraftLoad, StepLoad } from "../../generation/events.ts";

/** How often in a row the strategy may defer a decode. Each deferral takes a few microtasks, during which nothing else runs. */
const PATIENCE_TURNS = 50;

export type StepTime = Omit<StepLoad, "threads">;

export type BatcherOptions = {
  /** Called when all events of a step exist: when the next decode starts, and when the last stream leaves. */
  readonly onStep: () => void;
  readonly onStepTime: (step: StepTime) => void;
};

/**
 * Fills whole batches: a decode starts only when every active stream has queued its tokens. Otherwise the last stream misses
 * the decode, and half of all decodes are wasted. A stream is active from `enter()` to `leave()`; in between it must not wait
 * for anything but its decodes.
 */
export class Batcher {
  readonly #options: BatcherOptions;
  #busy = 0;
  #readers = 0;
  #turns = 0;
  #stepStartedAtMs = 0;
  #step: Omit<StepTime, "ms"> | null = null;
  /** Number of draft tokens in the queued decodes, by sequence id. */
  readonly #drafts = new Map<number, number>();
  #verified: Omit<DraftLoad, "checked"> | null = null;
  #exclusive: Promise<void> = Promise.resolve();
  #exclusiveWaiting = 0;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  enter(): void {
    if (this.isIdle) this.#stepStartedAtMs = performance.now();
    this.#busy += 1;
  }

  /** Like `enter()`, for a stream that reads its prompt first. @returns a function to call, once or more, when it has */
  enterReading(): () => void {
    this.enter();
    this.#readers += 1;
    let isReading = true;
    return () => {
      if (isReading) this.#readers -= 1;
      isReading = false;
    };
  }

  /** Number of streams that are reading their prompts. */
  get readers(): number {
    return this.#readers;
  }

  /** Number of streams that are generating. */
  get decoders(): number {
    return this.#busy - this.#readers;
  }

  leave(): void {
    this.#busy -= 1;
    if (this.#busy === 0) this.#options.onStep();
  }

  /** Each stream calls it when its decode is done. The first call in a step ends the time measurement. */
  computed(): void {
    if (!this.#step) return;
    const ms = performance.now() - this.#stepStartedAtMs;
    const step = this.#step;
    this.#step = null;
    this.#options.onStepTime({ ms, ...step });
  }

  /** Each stream calls it before it queues a decode with draft tokens, which counts as a decode of one token. */
  drafts(sequenceId: number, tokens: number): void {
    this.#drafts.set(sequenceId, tokens);
  }

  /** Each stream calls it after a decode with draft tokens. The next step reports it. */
  verified(drafted: number, accepted: number): void {
    const before = this.#verified ?? { accepted: 0, refused: 0 };
    this.#verified = {
      accepted: before.accepted + accepted,
      refused: before.refused + drafted - accepted,
    };
  }

  /** Whether no stream is active, so that no further step will follow. */
  get isIdle(): boolean {
    return this.#busy === 0;
  }

  /** How long the current decode has been running, in ms; 0 if none is running. */
  get stepAgeMs(): number {
    return this.isIdle ? 0 : performance.now() - this.#stepStartedAtMs;
  }

  /** Lets waiting `exclusively()` calls run first. Each stream calls it before each of its decodes. */
  async makeWay(): Promise<void> {
    if (this.#exclusiveWaiting === 0) return;
    this.leave();
    while (this.#exclusiveWaiting > 0) await this.#exclusive;
    this.enter();
  }

  /**
   * Runs `work` while no decode is queued. Changing a sequence's cache needs the context's lock, which the library holds
   * while decodes are queued: without this, a change would wait forever while streams are busy.
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

  /** The batching strategy of the context. An arrow function, because the library calls it unbound. */
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
    const batch = shareBatch(options.items, options.size, this.#drafts);
    this.#step = this.#contentOf(batch);
    for (const { item } of batch) this.#drafts.delete(item.evaluationPriority);
    this.#stepStartedAtMs = performance.now();
    return batch;
  };

  #contentOf(batch: readonly PrioritizedBatchItem[]): Omit<StepTime, "ms"> {
    let decodes = 0;
    let checked = 0;
    let promptTokens = 0;
    for (const { item, processAmount } of batch) {
      const draft = this.#drafts.get(item.evaluationPriority) ?? 0;
      checked += draft;
      if (draft > 0 || item.tokens.length === 1) decodes += 1;
      else promptTokens += processAmount;
    }
    const verified = this.#verified;
    this.#verified = null;
    if (checked === 0 && !verified) return { decodes, promptTokens };
    const drafts = { accepted: 0, refused: 0, ...verified, checked };
    return { decodes, promptTokens, drafts };
  }
}

/**
 * Single tokens (of decoding streams) enter first, then whole drafts; prompt slices share the rest of the batch. The result is
 * ordered by `evaluationPriority`, which holds the sequence id here: llama.cpp decodes only consecutive ids together.
 * @param drafts number of draft tokens, by sequence id
 */
export function shareBatch(
  items: readonly BatchItem[],
  size: number,
  drafts: ReadonlyMap<number, number>,
): PrioritizedBatchItem[] {
  let left = size;
  const taken: PrioritizedBatchItem[] = [];
  const isDraft = (item: BatchItem) => drafts.has(item.evaluationPriority);
  const rank = (item: BatchItem) => (item.tokens.length === 1 ? 0 : isDraft(item) ? 1 : 2);
  for (const item of [...items].sort((a, b) => rank(a) - rank(b))) {
    if (isDraft(item) && item.tokens.length > left) continue;
    const processAmount = Math.min(item.tokens.length, left);
    if (processAmount === 0) break; // the library treats an amount of 0 as 1
    left -= processAmount;
    taken.push({ item, processAmount });
  }
  return taken.sort((a, b) => a.item.evaluationPriority - b.item.evaluationPriority);
}
