// Bounded queue of events between the engine and one consumer. If the consumer is slow, waiting deltas are merged, unless
// the stream must be repeatable. The producer's credit is the bound: `onTaken` reports what the consumer takes, and the
// producer may send that much again.

import { type GenerateEvent, isDelta, joinDeltas, weightOf } from "../generation/events.ts";

export type ChannelOptions = {
  /** Called with the weight of each delta that the consumer takes. */
  readonly onTaken: (bytes: number) => void;
  /**
   * Whether the consumer gets each event as it was pushed, however slow it is: another gateway that continues the stream gets
   * the same ones. Default: false.
   */
  readonly isExact?: boolean;
};

/** For one producer and one consumer. Ends after a `finish` event, `close()` or `fail()`. */
export class Channel implements AsyncIterable<GenerateEvent> {
  readonly #onTaken: (bytes: number) => void;
  readonly #isExact: boolean;
  #waiting: GenerateEvent[] = [];
  #isFinished = false;
  #failure: { error: Error } | null = null;
  #wake: (() => void) | null = null;

  constructor({ onTaken, isExact = false }: ChannelOptions) {
    this.#onTaken = onTaken;
    this.#isExact = isExact;
  }

  /** Adds an event, or merges it into a waiting event of the same kind. Does nothing after the end. */
  push(event: GenerateEvent): void {
    if (this.#isFinished || this.#failure) return;
    this.#isFinished = event.type === "finish";
    const last = this.#isExact ? undefined : this.#waiting.at(-1);
    const joined = last && join(last, event);
    if (joined) this.#waiting[this.#waiting.length - 1] = joined;
    else this.#waiting.push(event);
    this.#wake?.();
  }

  /** Ends the stream without a `finish` event, after the events that were pushed before. */
  close(): void {
    this.#isFinished = true;
    this.#wake?.();
  }

  /** Ends the stream with an error, after the events that were pushed before. */
  fail(error: Error): void {
    if (this.#isFinished || this.#failure) return;
    this.#failure = { error };
    this.#wake?.();
  }

  /** Not a generator, which would take two more promises for every event. */
  [Symbol.asyncIterator](): AsyncIterator<GenerateEvent, void, undefined> {
    return { next: () => this.#next() };
  }

  #next(): Promise<IteratorResult<GenerateEvent, void>> {
    return new Promise((resolve, reject) => {
      if (this.#settle(resolve, reject)) return;
      // Later in the turn, so that events which arrive together are merged.
      this.#wake = () => {
        this.#wake = null;
        queueMicrotask(() => this.#settle(resolve, reject));
      };
    });
  }

  /** @returns false if there is nothing to take yet */
  #settle(
    resolve: (result: IteratorResult<GenerateEvent, void>) => void,
    reject: (error: Error) => void,
  ): boolean {
    const event = this.#waiting.shift();
    if (event) {
      if (isDelta(event)) this.#onTaken(weightOf(event));
      resolve({ value: event, done: false });
    } else if (this.#failure) reject(this.#failure.error);
    else if (this.#isFinished) resolve({ value: undefined, done: true });
    else return false;
    return true;
  }
}

/** Merges deltas of the same kind. Newer prompt progress replaces older. Null if the two cannot be merged. */
function join(earlier: GenerateEvent, later: GenerateEvent): GenerateEvent | null {
  if (isDelta(earlier) && isDelta(later)) return joinDeltas(earlier, later);
  const isNewer = earlier.type === "prefill" && later.type === "prefill";
  return isNewer ? later : null;
}
