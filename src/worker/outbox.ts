// Collects what a decode step brought for all slots and sends it as one message.

import type { FromWorker, StepEvent } from "../engine/messages.ts";
import type { StepLoad } from "../generation/events.ts";

export type Send = (message: FromWorker) => void;

export class Outbox {
  readonly #send: Send;
  #events: StepEvent[] = [];
  #loads: StepLoad[] = [];
  #isScheduled = false;

  constructor(send: Send) {
    this.#send = send;
  }

  add(event: StepEvent): void {
    this.#events.push(event);
  }

  /** Goes along with the next events: alone it is not worth a message. */
  addLoad(load: StepLoad): void {
    this.#loads.push(load);
  }

  /** Sends soon: after the next decode has been handed to its thread, so that writing the message costs no decode time. */
  flushSoon(): void {
    if (this.#isScheduled || this.#events.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    const events = this.#events;
    const loads = this.#loads;
    this.#events = [];
    this.#loads = [];
    this.#send({ type: "step", events, loads });
  }
}
