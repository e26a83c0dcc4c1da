// The server's side of one request in the worker, from its slot to its end: the answer, a failure, or its suspension.

import { abortReason, toServiceError } from "../errors.ts";
import { type Deferred, deferred, orAborted } from "../generation/deferred.ts";
import type { FreshDelta, FreshEvent, GenerateEvent } from "../generation/events.ts";
import type { PreparedRequest } from "../generation/request.ts";
import type { Tally } from "../generation/tally.ts";
import { Channel } from "./channel.ts";
import type { WorkerLoss } from "./crashes.ts";
import { Credit } from "./credit.ts";
import type { GenerateOptions } from "./engine.ts";
import { fromWireError, type StepEvent, type ToWorker } from "./messages.ts";
import { giveUpWhenWanted } from "./parking.ts";

/** Where a run starts: at the beginning of the answer, or where an earlier run was suspended or lost. */
export type RunStart = {
  /** Tokens of the answer so far. The run adds its own. */
  readonly generated: number[];
  /** Counts what all runs have received. */
  readonly tally: Tally;
  /** Whether its last worker died. It then runs alone until it has shown that it does not cause crashes. */
  readonly isSuspect: boolean;
};

export type RemoteRunOptions = Required<Omit<GenerateOptions, "kept">> & {
  readonly id: string;
  /** Whether its events are never merged, because another gateway may have to repeat them. Default: false. */
  readonly isExact?: boolean;
  readonly request: PreparedRequest;
  readonly start: RunStart;
  readonly send: (message: ToWorker) => void;
  /** Maximum weight of the deltas that wait here for the reader; see `weightOf()`. */
  readonly streamBufferBytes: number;
  /** How long a parked request keeps its slot while other requests wait for one. */
  readonly parkTimeoutMs: number;
  /** Waits for entry to the worker, see SuspectGate. @returns a function that leaves again */
  readonly enterGate: (isSuspect: boolean) => Promise<() => void>;
  /** Waits for a ready worker, and registers the run with it. The caller must not await anything before it sends `start`. */
  readonly enterWorker: () => Promise<void>;
  /** Whether a suspect waits until all requests inside have left. */
  readonly isGateWanted: () => boolean;
  /** Called with the number of tokens that were computed after the client had disconnected. */
  readonly onWastedTokens: (tokens: number) => void;
  /** Called when the worker is done with the run and its slot is free. The reader may still be reading. */
  readonly onEnded: () => void;
};

/**
 * `new`: not sent to the worker yet. `running`: on a slot in the worker. `parked`: on a slot, but out of credit, because its
 * reader is too slow. `ended`: the worker is done with it.
 */
type Phase = "new" | "running" | "parked" | "ended";

export class RemoteRun {
  readonly #options: RemoteRunOptions;
  readonly #channel: Channel;
  readonly #credit: Credit;
  readonly #ended: Deferred<void> = deferred();
  #phase: Phase = "new";
  /** Whether its client or its deadline has stopped it. Kept here, because asking the signals for every event costs time. */
  #isStopped = false;
  #leaveGate = () => {};
  #stopParking = () => {};
  /** How its worker was lost; null if it was not. */
  loss: WorkerLoss | null = null;
  /** Whether it runs (or ran, until its end) as a suspect alone in the worker, and is not cleared. */
  isProving = false;

  constructor(options: RemoteRunOptions) {
    const { streamBufferBytes, start, isExact = false } = options;
    this.#options = options;
    this.#credit = new Credit({ bufferBytes: streamBufferBytes, isSuspect: start.isSuspect });
    this.#channel = new Channel({ isExact, onTaken: (bytes) => this.#taken(bytes) });
  }

  get events(): AsyncIterable<GenerateEvent> {
    return this.#channel;
  }

  /** Waits for a slot (unless the lease still holds one), for the gate and for a worker, and sends the request to it. */
  async begin(): Promise<void> {
    const { id, request, start, lease, send, signal, deadline, cacheScope } = this.#options;
    if (!lease.isHeld) await orAborted(lease.acquire(), deadline);
    this.#leaveGate = await this.#options.enterGate(start.isSuspect);
    await this.#options.enterWorker();
    if (signal.aborted) throw abortReason(signal);
    if (deadline.aborted) throw abortReason(deadline);
    this.#phase = "running";
    this.isProving = start.isSuspect;
    const generated = start.generated.slice();
    const creditBytes = this.#credit.firstBytes;
    send({ type: "start", id, request, generated, cacheScope, creditBytes });
    signal.addEventListener("abort", this.#onAbort, { once: true });
    deadline.addEventListener("abort", this.#onDeadline, { once: true });
  }

  /** Stops the run if it is still running, and waits until its slot is free. */
  async finish(): Promise<void> {
    const { id, send } = this.#options;
    if (this.#phase === "new") this.#end();
    if (this.#phase !== "ended") send({ type: "abort", id }); // a second abort has no effect
    await this.#ended.promise; // settles when the worker confirms the abort, or is lost
    this.#stopParking();
  }

  receive(event: StepEvent): void {
    switch (event.type) {
      case "output":
        return this.#output(event.event);
      case "parked":
        return this.isProving ? this.#clearSuspect() : this.#park();
      case "suspended":
        this.#channel.close();
        return this.#end();
      case "aborted":
        this.#end();
        return this.#options.onWastedTokens(event.tokensAfterAbort);
      case "failed":
        this.#channel.fail(fromWireError(event.error));
        return this.#end();
    }
  }

  /** Reports an error in the server process: the reader leaves the loop, and the caller then calls `finish()`. */
  fail(error: unknown): void {
    this.#channel.fail(toServiceError(error));
  }

  /** The worker is lost. A running request keeps its slot for the next worker, unless it is parked. */
  lose(loss: WorkerLoss): void {
    const { lease, parkTimeoutMs } = this.#options;
    this.loss = loss;
    this.#channel.fail(loss.error);
    const keepsSlot = this.#phase === "running";
    this.#end(keepsSlot);
    if (!keepsSlot) return;
    // Its reader may be too slow to notice the loss and call `finish()`.
    const isWanted = () => lease.isContended;
    const giveUp = () => {
      this.#stopParking();
      lease.release();
    };
    this.#stopParking = giveUpWhenWanted({ parkTimeoutMs, isWanted, giveUp });
  }

  readonly #onAbort = (): void => {
    this.#isStopped = true;
    const { id, send, signal } = this.#options;
    send({ type: "abort", id });
    this.#channel.fail(abortReason(signal));
  };

  /** Stops the worker as for an abort. The deltas received so far are the whole answer. */
  readonly #onDeadline = (): void => {
    this.#isStopped = true;
    const { id, send, start } = this.#options;
    send({ type: "abort", id });
    this.#push(start.tally.finish("length", null));
  };

  #output(event: FreshEvent): void {
    if (event.type === "prefill") return this.#push(event);
    if (event.type !== "finish") return this.#receiveDelta(event);
    this.#push(event);
    this.#end();
  }

  #receiveDelta(delta: FreshDelta): void {
    const { onWastedTokens, start } = this.#options;
    if (this.#isStopped) return onWastedTokens(delta.tokens);
    for (const id of delta.ids ?? []) start.generated.push(id);
    this.#push({ ...delta, atMs: performance.now() });
  }

  #push(event: GenerateEvent): void {
    this.#options.start.tally.add(event);
    this.#channel.push(event);
  }

  /** The reader has taken deltas of this weight. */
  #taken(bytes: number): void {
    this.#credit.add(bytes);
    if (this.#phase === "ended" || !this.#credit.isDue) return;
    this.#stopParking();
    this.#phase = "running";
    this.#sendCredit();
  }

  #sendCredit(): void {
    const { id, send } = this.#options;
    send({ type: "credit", id, bytes: this.#credit.takeAll() });
  }

  /** Leaves the gate. The run stays parked until all other suspects are cleared too, and then continues beside them. */
  #clearSuspect(): void {
    this.isProving = false;
    this.#leaveGate();
    const entered = this.#options.enterGate(false).then((leave) => {
      if (this.#phase === "ended") return leave();
      this.#leaveGate = leave;
      this.#sendCredit();
    });
    entered.catch(() => {}); // fails only after an abort, which ends the run
  }

  #park(): void {
    const { id, lease, send, parkTimeoutMs, isGateWanted } = this.#options;
    this.#phase = "parked";
    this.#stopParking();
    const isWanted = () => lease.isContended || isGateWanted();
    const giveUp = () => send({ type: "suspend", id });
    this.#stopParking = giveUpWhenWanted({ parkTimeoutMs, isWanted, giveUp });
  }

  #end(keepsSlot = false): void {
    const { signal, deadline } = this.#options;
    signal.removeEventListener("abort", this.#onAbort);
    deadline.removeEventListener("abort", this.#onDeadline);
    this.#phase = "ended";
    this.#stopParking();
    this.#leaveGate();
    if (!keepsSlot) this.#options.lease.release();
    this.#options.onEnded();
    this.#ended.resolve();
  }
}
