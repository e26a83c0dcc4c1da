// Collects messages to the server: one write per turn of the event loop, and one message per decode step with the events of
// all slots.

import type { FromWorker, StepEvent } from "../engine/messages.ts";
import type { StepLoad } from "../generation/events.ts";
import type { KvTokens } from "../generation/model-info.ts";

export type Send = (messages: readonly FromWorker[]) => void;

export class Outbox {
  readonly #send: Send;
  readonly #kvTokens: () => KvTokens;
  #messages: FromWorker[] = [];
  #events: StepEvent[] = [];
  #loads: StepLoad[] = [];
  #isScheduled = false;

  /** @param kvTokens what is in the slots now; read for each step message */
  constructor(send: Send, kvTokens: () => KvTokens) {
    this.#send = send;
    this.#kvTokens = kvTokens;
  }

  post(message: FromWorker): void {
    this.#messages.push(message);
    this.#schedule();
  }

  add(event: StepEvent): void {
    this.#events.push(event);
  }

  /** Sent with the next events, never in a separate message. */
  addLoad(load: StepLoad): void {
    this.#loads.push(load);
  }

  /** Sends after the next decode has been handed to its thread, so that writing the message takes no decode time. */
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
      messages.push({ type: "step", events, loads, kvTokens: this.#kvTokens() });
      this.#events = [];
      this.#loads = [];
    }
    this.#send(messages);
  }
}
