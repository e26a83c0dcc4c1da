// One run on a node, as its gateway sees it: which event is next, the credit so far, and what repairs lost messages.

import type { WorkerLoss } from "../../engine/crashes.ts";
import type { StepEvent, ToWorker } from "../../engine/messages.ts";
import type { NumberedEvent, RunPosition, ToNode } from "../messages.ts";

/** Who gets the events of a run. */
export interface RunReader {
  receive(event: StepEvent): void;
  /** The run's node or worker is lost. */
  lose(loss: WorkerLoss): void;
  /** The node gives the run up, or does not know it. It can continue elsewhere from the events so far. */
  leave(why: "moved" | "unknown"): void;
}

/** What begins the run on its node. */
type BeginMessage = Extract<ToNode, { type: "start" | "attach" }>;

export type LinkedRunOptions = {
  /** `<request>.<epoch>` */
  readonly id: string;
  readonly model: string;
  readonly reader: RunReader;
  /** Number of the first event that the node sends. */
  readonly firstNumber: number;
  /** Whether it runs on a slot that the queue of this gateway has not given out. */
  readonly isAttached: boolean;
};

type RunLinks = {
  readonly send: (message: ToNode) => void;
  /** Called with the number of events that were missing. */
  readonly onMissing: (events: number) => void;
  readonly onChange: () => void;
  readonly onEnd: () => void;
};

export class LinkedRun {
  readonly id: string;
  readonly model: string;
  readonly isAttached: boolean;
  #reader: RunReader;
  readonly #links: RunLinks;
  #next: number;
  #creditBytes = 0;
  #isStarted = false;
  #isAborted = false;
  #isRepairing = false;
  #isSuspect = false;
  #isLeft = false;

  constructor({ id, model, reader, firstNumber, isAttached }: LinkedRunOptions, links: RunLinks) {
    this.id = id;
    this.model = model;
    this.#reader = reader;
    this.isAttached = isAttached;
    this.#next = firstNumber;
    this.#links = links;
  }

  get reader(): RunReader {
    return this.#reader;
  }

  /** Number of the next event that is expected. */
  get next(): number {
    return this.#next;
  }

  /** Whether its last node was lost, and it has not proved yet that it is harmless. */
  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  set isSuspect(isSuspect: boolean) {
    if (this.#isSuspect === isSuspect) return;
    this.#isSuspect = isSuspect;
    this.#links.onChange();
  }

  begin(message: BeginMessage): void {
    this.#isStarted = true;
    this.#creditBytes = message.creditBytes;
    this.#links.send(message);
  }

  send(message: Extract<ToWorker, { type: "credit" | "abort" | "suspend" }>): void {
    if (message.type === "abort") this.#isAborted = true;
    if (message.type !== "credit") return this.#links.send(message);
    this.#creditBytes += message.bytes;
    this.#links.send({ type: "credit", id: this.id, creditBytes: this.#creditBytes });
  }

  /** A lower number than expected was delivered before. A higher one means that events were lost. */
  receive({ number, event }: NumberedEvent): void {
    if (number < this.#next) return;
    if (number > this.#next) return this.#repair(number);
    this.#next += 1;
    this.#isRepairing = false;
    this.#reader.receive(event);
  }

  /** What the node is told again and again, in case that a message was lost. */
  sync(): { readonly position: RunPosition | null; readonly isAborted: boolean } {
    const { id, next } = this;
    const position = { id, next, creditBytes: this.#creditBytes };
    return { position: this.#isStarted ? position : null, isAborted: this.#isAborted };
  }

  /** This gateway ends: the node goes on with the run, for another gateway. Until then, `sync()` still claims it. */
  leaveToOthers(): void {
    this.#isLeft = true;
    this.#reader = { receive: () => {}, lose: () => {}, leave: () => {} };
  }

  /** The run is over, or was never started. */
  end(): void {
    if (!this.#isLeft) this.#links.onEnd();
  }

  /** Asks once; if that is lost too, `sync()` repairs it. */
  #repair(number: number): void {
    if (this.#isRepairing) return;
    this.#isRepairing = true;
    this.#links.onMissing(number - this.#next);
    this.#links.send({ type: "resend", id: this.id, from: this.#next });
  }
}
