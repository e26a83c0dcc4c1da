// This side's half of one request in the worker: its channel, its credit, and its way on and off a slot.

import { abortReason, type ServiceError } from "../errors.ts";
import { Channel } from "../generation/channel.ts";
import { type Deferred, deferred } from "../generation/deferred.ts";
import type { FreshDelta, GenerateEvent } from "../generation/events.ts";
import type { PreparedRequest } from "../generation/request.ts";
import type { SlotLease } from "../generation/slot-lease.ts";
import { fromWireError, type StepEvent, type ToWorker } from "./messages.ts";

export type RemoteRunOptions = {
  readonly id: string;
  readonly request: PreparedRequest;
  readonly lease: SlotLease;
  readonly signal: AbortSignal;
  readonly send: (message: ToWorker) => void;
  /** Weight of the deltas that may wait here for a reader. */
  readonly bufferBytes: number;
  /** A parked request gives its slot up after so long, if others wait for one. */
  readonly parkTimeoutMs: number;
  /** Waits for entry to the worker, see SuspectGate. @returns the way out */
  readonly enterGate: () => Promise<() => void>;
  /** Whether somebody waits at the gate until those inside have left. */
  readonly isGateWanted: () => boolean;
  /** Tokens that were computed although the client had left. */
  readonly onWastedTokens: (tokens: number) => void;
  /** The worker has forgotten it, its slot is free. The reader may still be reading. */
  readonly onEnded: () => void;
};

/**
 * `running`: the worker has it on a slot. `suspended`: it gave the slot up, its reader is behind. `requeued`: its reader
 * is back, it waits for a slot. `ended`: the worker has forgotten it.
 */
type Phase = "new" | "running" | "suspended" | "requeued" | "ended";

export class RemoteRun {
  readonly #options: RemoteRunOptions;
  readonly #channel: Channel;
  readonly #ended: Deferred<void> = deferred();
  #phase: Phase = "new";
  #leaveGate = () => {};
  #unreturnedBytes = 0;
  #parkTimer: NodeJS.Timeout | null = null;

  constructor(options: RemoteRunOptions) {
    this.#options = options;
    this.#channel = new Channel({ onTaken: (bytes) => this.#returnCredit(bytes) });
  }

  get events(): AsyncIterable<GenerateEvent> {
    return this.#channel;
  }

  async enter(): Promise<void> {
    this.#leaveGate = await this.#options.enterGate();
  }

  /** Hands the request to the worker. The lease must be held, and the gate passed. */
  start(): void {
    const { id, request, send, bufferBytes, signal } = this.#options;
    this.#phase = "running";
    send({ type: "start", id, request, creditBytes: bufferBytes });
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Stops it if it still runs, and waits until its slot is free. */
  async finish(): Promise<void> {
    const { id, send, signal } = this.#options;
    signal.removeEventListener("abort", this.#onAbort);
    if (this.#phase === "ended") return;
    if (this.#phase === "new") return this.#end();
    send({ type: "abort", id }); // perhaps for the second time, which does no harm
    await this.#ended.promise; // the worker answers, or is found dead: both end it
  }

  receive(event: StepEvent): void {
    switch (event.type) {
      case "delta":
        this.#receiveDelta(event.delta);
        return;
      case "progress":
        this.#channel.push(event.progress);
        return;
      case "parked":
        this.#startParkTimer();
        return;
      case "suspended":
        this.#suspended();
        return;
      case "finished": {
        const { ending, usage, prefillMs } = event;
        this.#channel.push({ type: "finish", ...ending, usage, prefillMs });
        this.#end();
        return;
      }
      case "aborted":
        this.#options.onWastedTokens(event.tokensAfterAbort);
        this.#end();
        return;
      case "failed":
        this.fail(fromWireError(event.error));
        return;
    }
  }

  /** The worker has lost it. */
  fail(error: ServiceError): void {
    this.#channel.fail(error);
    this.#end();
  }

  readonly #onAbort = (): void => {
    const { id, send, signal } = this.#options;
    send({ type: "abort", id });
    this.#channel.fail(abortReason(signal));
  };

  #receiveDelta(delta: FreshDelta): void {
    if (this.#options.signal.aborted) return this.#options.onWastedTokens(delta.tokens);
    this.#channel.push({ ...delta, atMs: performance.now() });
  }

  /** Half a buffer at a time: a reader that keeps up costs one message in a thousand tokens. */
  #returnCredit(bytes: number): void {
    this.#unreturnedBytes += bytes;
    const isDue = this.#unreturnedBytes >= this.#options.bufferBytes / 2;
    if (!isDue && this.#phase !== "suspended") return;
    this.#stopParkTimer();
    const { id, send } = this.#options;
    send({ type: "credit", id, bytes: this.#unreturnedBytes });
    this.#unreturnedBytes = 0;
    if (this.#phase === "suspended") this.#requeue();
  }

  #startParkTimer(): void {
    const { id, lease, send, parkTimeoutMs, isGateWanted } = this.#options;
    this.#stopParkTimer();
    let isAsked = false;
    this.#parkTimer = setInterval(() => {
      if (isAsked || !(lease.isContended || isGateWanted())) return;
      isAsked = true;
      send({ type: "suspend", id });
    }, parkTimeoutMs);
  }

  #stopParkTimer(): void {
    if (this.#parkTimer) clearInterval(this.#parkTimer);
    this.#parkTimer = null;
  }

  #suspended(): void {
    if (this.#phase !== "running") return;
    this.#stopParkTimer();
    this.#phase = "suspended";
    this.#leaveGate();
    this.#options.lease.release();
    if (this.#channel.isEmpty) this.#requeue(); // the reader came back while the slot was being given up
  }

  #requeue(): void {
    const { id, lease, send } = this.#options;
    this.#phase = "requeued";
    const back = lease.acquire().then(() => this.enter());
    back.then(
      () => {
        if (this.#phase !== "requeued") return this.#giveBack();
        this.#phase = "running";
        send({ type: "resume", id });
      },
      (error: Error) => {
        if (this.#phase !== "requeued") return;
        this.#channel.fail(error); // its reader leaves the loop, and finish() does the rest
      },
    );
  }

  #giveBack(): void {
    this.#leaveGate();
    this.#options.lease.release();
  }

  #end(): void {
    this.#phase = "ended";
    this.#stopParkTimer();
    this.#giveBack();
    this.#options.onEnded();
    this.#ended.resolve();
  }
}
