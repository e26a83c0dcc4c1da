// Bounded mailbox between the engine's messages and one consumer. A slow consumer gets merged deltas instead of a
// growing list; its bound is the producer's credit: what is taken out is reported, and only that may be sent anew.

import type { GenerateEvent, TextDelta } from "./events.ts";

export type ChannelOptions = {
  /** Called with the UTF-8 bytes of text that the consumer has just taken. */
  readonly onTaken: (bytes: number) => void;
};

/** Single producer, single consumer. Ends after a `finish` event or `fail()`. */
export class Channel implements AsyncIterable<GenerateEvent> {
  readonly #onTaken: (bytes: number) => void;
  #delta: TextDelta | null = null;
  #finish: GenerateEvent | null = null;
  #failure: { error: Error } | null = null;
  #wake: (() => void) | null = null;

  constructor({ onTaken }: ChannelOptions) {
    this.#onTaken = onTaken;
  }

  /** Whether the consumer has taken all text there is. */
  get isEmpty(): boolean {
    return this.#delta === null;
  }

  /** Adds an event; a delta joins the one that still waits. Nothing is accepted after the end. */
  push(event: GenerateEvent): void {
    if (this.#finish || this.#failure) return;
    if (event.type === "text-delta") this.#delta = merged(this.#delta, event);
    else this.#finish = event;
    this.#wake?.();
  }

  /** Ends the stream with an error, after what was pushed before. */
  fail(error: Error): void {
    if (this.#finish || this.#failure) return;
    this.#failure = { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<GenerateEvent, void, undefined> {
    for (;;) {
      const delta = this.#delta;
      if (delta) {
        this.#delta = null;
        this.#onTaken(Buffer.byteLength(delta.text));
        yield delta;
      } else if (this.#finish) {
        yield this.#finish;
        return;
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

function merged(earlier: TextDelta | null, later: TextDelta): TextDelta {
  if (!earlier) return later;
  return {
    type: "text-delta",
    text: earlier.text + later.text,
    tokens: earlier.tokens + later.tokens,
    atMs: later.atMs,
  };
}
