// The events of a kept stream's earlier runs, which the node of its next run must be able to send to another gateway.

import { type FreshEvent, weightOfEvent } from "../../generation/events.ts";
import type { KeptStream } from "../../generation/kept-stream.ts";

/** A stream with more events is no longer kept once it moves to another node. In bytes, as `weightOfEvent()` counts them. */
const MAX_BYTES = 2 ** 20;
/** Weight of an event besides its text. */
const EVENT_BYTES = 32;

export class StreamHistory {
  readonly #stream: KeptStream | null;
  #events: FreshEvent[] = [];
  #bytes = 0;

  /** @param stream null for a stream that is not kept, of which nothing is remembered */
  constructor(stream: KeptStream | null) {
    this.#stream = stream;
  }

  add(event: FreshEvent): void {
    if (!this.isKept || event.type === "finish") return;
    this.#bytes += EVENT_BYTES + weightOfEvent(event);
    if (this.isKept) this.#events.push(event);
    else this.#events = [];
  }

  get isKept(): boolean {
    return this.#stream !== null && this.#bytes <= MAX_BYTES;
  }

  /** For the next run. */
  get start(): { readonly kept: KeptStream | null; readonly history: readonly FreshEvent[] } {
    return this.isKept
      ? { kept: this.#stream, history: this.#events.slice() }
      : { kept: null, history: [] };
  }
}
