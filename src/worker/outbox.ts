// What goes to the server: everything of one turn of the event loop in one write, and what a decode step brought for all
// slots in one message.

import type { FromWorker, StepEvent } from "../engine/messages.ts";
import type { StepLoad } from "../generation/events.ts";

export type Send = (messages: readonly FromWorker[]) => void;

export class Outbox {
  readonly #send: Send;
  #messages: FromWorker[] = [];
  #events: StepEvent[] = [];
  #loads: StepLoad[] = [];
  #isScheduled = false;

  constructor(send: Send) {
    this.#send = send;
  }

  post(message: FromWorker): void {
    this.#messages.push(message);
    this.#schedule();
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
    if (this.#events.length > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    const [messages, events, loads] = [this.#messages, this.#events, this.#loads];
    this.#messages = [];
    if (events.length > 0) {
      messages.push({ type: "step", events, loads });
      this.#events = [];
      this.#loads = [];
    }
    this.#send(messages);
  }
}
