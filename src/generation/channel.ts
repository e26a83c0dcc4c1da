// Bounded mailbox between the engine's messages and one consumer. A slow consumer gets merged deltas instead of a
// growing list; its bound is the producer's credit: what is taken out is reported, and only that may be sent anew.

import { type GenerateEvent, isDelta, joinDeltas, weightOf } from "./events.ts";

export type ChannelOptions = {
  /** Called with the weight of a delta that the consumer has just taken. */
  readonly onTaken: (bytes: number) => void;
};

/** Single producer, single consumer. Ends after a `finish` event or `fail()`. */
export class Channel implements AsyncIterable<GenerateEvent> {
  readonly #onTaken: (bytes: number) => void;
  #waiting: GenerateEvent[] = [];
  #isFinished = false;
  #failure: { error: Error } | null = null;
  #wake: (() => void) | null = null;

  constructor({ onTaken }: ChannelOptions) {
    this.#onTaken = onTaken;
  }

  /** Whether the consumer has taken all that there is. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Adds an event; it joins a waiting one of its kind. Nothing is accepted after the end. */
  push(event: GenerateEvent): void {
    if (this.#isFinished || this.#failure) return;
    this.#isFinished = event.type === "finish";
    const last = this.#waiting.at(-1);
    const joined = last && join(last, event);
    if (joined) this.#waiting[this.#waiting.length - 1] = joined;
    else this.#waiting.push(event);
    this.#wake?.();
  }

  /** Ends the stream with an error, after what was pushed before. */
  fail(error: Error): void {
    if (this.#isFinished || this.#failure) return;
    this.#failure = { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<GenerateEvent, void, undefined> {
    for (;;) {
      const event = this.#waiting.shift();
      if (event) {
        if (isDelta(event)) this.#onTaken(weightOf(event));
        yield event;
        if (event.type === "finish") return;
      } else if (this.#failure) {
        throw this.#failure.error;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = null;
      }
    }
  }
}

/** News of the prompt replace older ones. */
function join(earlier: GenerateEvent, later: GenerateEvent): GenerateEvent | null {
  if (isDelta(earlier) && isDelta(later)) return joinDeltas(earlier, later);
  const isNewer = earlier.type === "prompt-progress" && later.type === "prompt-progress";
  return isNewer ? later : null;
}
