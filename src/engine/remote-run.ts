// The server's side of one request in the worker: its channel, its credit, and how it gets and leaves a slot.

import { abortReason, guarded, toServiceError } from "../errors.ts";
import { Channel } from "../generation/channel.ts";
import { type Deferred, deferred, orAborted } from "../generation/deferred.ts";
import type { FreshDelta, GenerateEvent, PromptReading } from "../generation/events.ts";
import type { PreparedRequest } from "../generation/request.ts";
import type { SlotLease } from "../generation/slot-lease.ts";
import { finishAtDeadline, type ReceivedAnswer } from "./finish-at-deadline.ts";
import { fromWireError, type StepEvent, type ToWorker } from "./messages.ts";
import type { WorkerLoss } from "./worker-process.ts";

/** Where a run starts: at the beginning of the answer, or where another worker was lost. */
export type RunStart = {
  /** Tokens of the answer from earlier workers. */
  readonly generated: readonly number[];
  /** How many of them are reasoning. */
  readonly reasoning: number;
  /** Null before the first token. */
  readonly prompt: PromptReading | null;
  /** Whether its last worker died. It then runs alone until it has shown that it does not cause crashes. */
  readonly isSuspect: boolean;
};

export type RemoteRunOptions = {
  readonly id: string;
  readonly request: PreparedRequest;
  readonly start: RunStart;
  readonly cacheScope: string;
  readonly lease: SlotLease;
  readonly signal: AbortSignal;
  /** Ends the answer with the tokens so far. */
  readonly deadline: AbortSignal;
  readonly send: (message: ToWorker) => void;
  /** Maximum weight of the deltas that wait here for the reader. */
  readonly bufferBytes: number;
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
 * `new`: not sent to the worker yet. `running`: on a slot in the worker. `suspended`: without a slot, because its reader is
 * too slow. `requeued`: its reader has caught up, and it waits for a slot. `ended`: the worker is done with it.
 */
type Phase = "new" | "running" | "suspended" | "requeued" | "ended";

/** Credit of a suspect. When it is used up, the suspect is parked and cleared: the crash did not happen again. */
const PROOF_BYTES = 32;

export class RemoteRun {
  readonly #options: RemoteRunOptions;
  readonly #channel: Channel;
  readonly #ended: Deferred<void> = deferred();
  #phase: Phase = "new";
  #leaveGate = () => {};
  #isProving = false;
  /** Whether the run is a cleared suspect that waits for the other suspects. */
  #waitsForSuspects = false;
  #loss: WorkerLoss | null = null;
  readonly #received: ReceivedAnswer;
  #unreturnedBytes = 0;
  #parkTimer: NodeJS.Timeout | null = null;

  constructor(options: RemoteRunOptions) {
    this.#options = options;
    const { generated, reasoning, prompt } = options.start;
    this.#received = { tokens: generated.length, reasoning, prompt };
    this.#channel = new Channel({ onTaken: (bytes) => this.#returnCredit(bytes) });
  }

  get events(): AsyncIterable<GenerateEvent> {
    return this.#channel;
  }

  /** How its worker was lost; null if it was not. */
  get loss(): WorkerLoss | null {
    return this.#loss;
  }

  /** Whether it runs (or ran, until its end) as a suspect alone in the worker, and is not cleared. */
  get isProving(): boolean {
    return this.#isProving;
  }

  /** Waits for a slot (unless the lease still holds one), for the gate and for a worker, and sends the request to it. */
  async begin(): Promise<void> {
    const { id, request, start, lease, send, signal, deadline } = this.#options;
    const { enterGate, enterWorker, cacheScope } = this.#options;
    const { generated, isSuspect } = start;
    if (!lease.isHeld) await orAborted(lease.acquire(), deadline);
    this.#leaveGate = await enterGate(isSuspect);
    await enterWorker();
    if (signal.aborted) throw abortReason(signal);
    this.#phase = "running";
    this.#isProving = isSuspect;
    const creditBytes = this.#firstCredit;
    send({ type: "start", id, request, generated, cacheScope, creditBytes });
    signal.addEventListener("abort", this.#onAbort, { once: true });
    deadline.addEventListener("abort", this.#onDeadline, { once: true });
  }

  /** Stops the run if it is still running, and waits until its slot is free. */
  async finish(): Promise<void> {
    const { id, send, signal, deadline } = this.#options;
    signal.removeEventListener("abort", this.#onAbort);
    deadline.removeEventListener("abort", this.#onDeadline);
    if (this.#phase === "ended") return this.#stopParkTimer();
    if (this.#phase === "new") return this.#end();
    send({ type: "abort", id }); // a second abort has no effect
    await this.#ended.promise; // settles when the worker confirms the abort, or is lost
  }

  receive(event: StepEvent): void {
    switch (event.type) {
      case "delta":
        return this.#receiveDelta(event.delta);
      case "progress":
        return this.#channel.push(event.progress);
      case "parked":
        if (this.#isProving) this.#clearSuspect();
        else this.#startParkTimer();
        return;
      case "suspended":
        return this.#suspended();
      case "finished": {
        const { ending, usage, prefillMs } = event;
        this.#channel.push({ type: "finish", ...ending, usage, prefillMs });
        return this.#end();
      }
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
    this.#loss = loss;
    this.#channel.fail(loss.error);
    const keepsSlot = this.#phase === "running" && !this.#parkTimer;
    this.#end(keepsSlot);
    if (keepsSlot) this.#startKeepTimer();
  }

  /** Releases the kept slot for waiting requests if the reader is too slow to notice the loss and call `finish()`. */
  #startKeepTimer(): void {
    const { lease, parkTimeoutMs } = this.#options;
    this.#parkTimer = setInterval(() => {
      if (!lease.isContended) return;
      this.#stopParkTimer();
      lease.release();
    }, parkTimeoutMs);
  }

  readonly #onAbort = (): void => {
    const { id, send, signal } = this.#options;
    send({ type: "abort", id });
    this.#channel.fail(abortReason(signal));
  };

  /** Stops the worker as for an abort. The deltas received so far are the whole answer. */
  readonly #onDeadline = guarded(() => {
    const { id, send, request } = this.#options;
    send({ type: "abort", id });
    this.#channel.push(finishAtDeadline(request, this.#received));
  }, this.fail.bind(this));

  #receiveDelta(delta: FreshDelta): void {
    const { signal, deadline, onWastedTokens } = this.#options;
    if (signal.aborted || deadline.aborted) return onWastedTokens(delta.tokens);
    this.#received.tokens += delta.tokens;
    this.#received.prompt ??= delta.prompt ?? null;
    if (delta.type === "reasoning-delta") this.#received.reasoning += delta.tokens;
    this.#channel.push({ ...delta, atMs: performance.now() });
  }

  /** Returns half a buffer at a time, so that a fast reader needs only one message in a thousand tokens. */
  #returnCredit(bytes: number): void {
    this.#unreturnedBytes += bytes;
    if (this.#waitsForSuspects) return;
    const isDue = this.#unreturnedBytes >= this.#options.bufferBytes / 2;
    if (!isDue && this.#phase !== "suspended") return;
    this.#stopParkTimer();
    this.#sendCredit(0);
    if (this.#phase === "suspended") this.#requeue();
  }

  #sendCredit(more: number): void {
    const { id, send } = this.#options;
    send({ type: "credit", id, bytes: this.#unreturnedBytes + more });
    this.#unreturnedBytes = 0;
  }

  get #firstCredit(): number {
    const { bufferBytes, start } = this.#options;
    return start.isSuspect ? Math.min(PROOF_BYTES, bufferBytes) : bufferBytes;
  }

  /** Leaves the gate. The run stays parked until all other suspects are cleared too, and then continues beside them. */
  #clearSuspect(): void {
    this.#isProving = false;
    this.#waitsForSuspects = true;
    this.#leaveGate();
    const entered = this.#options.enterGate(false).then((leave) => {
      this.#waitsForSuspects = false;
      if (this.#phase !== "running") return leave();
      this.#leaveGate = leave;
      this.#sendCredit(this.#options.bufferBytes - this.#firstCredit);
    });
    entered.catch(() => {}); // fails only after an abort, which ends the run
  }

  #startParkTimer(): void {
    const { id, lease, send, parkTimeoutMs, isGateWanted } = this.#options;
    this.#stopParkTimer();
    let isSuspending = false;
    this.#parkTimer = setInterval(() => {
      if (isSuspending || !(lease.isContended || isGateWanted())) return;
      isSuspending = true;
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
    if (this.#channel.isEmpty) this.#requeue(); // the reader caught up during the suspension
  }

  #requeue(): void {
    const { id, lease, send, enterGate } = this.#options;
    this.#phase = "requeued";
    const isOver = () => this.#phase !== "requeued";
    const back = lease.acquire().then(async () => {
      if (!isOver()) return enterGate(false);
      lease.release();
      return null;
    });
    back.then(
      (leave) => {
        if (!leave || isOver()) return leave?.(); // the lease was released at its end
        this.#leaveGate = leave;
        this.#phase = "running";
        send({ type: "resume", id });
      },
      (error: Error) => {
        if (this.#phase !== "requeued") return;
        this.#channel.fail(error); // the reader leaves the loop, and the caller then calls finish()
      },
    );
  }

  #end(keepsSlot = false): void {
    this.#phase = "ended";
    this.#stopParkTimer();
    this.#leaveGate();
    if (!keepsSlot) this.#options.lease.release();
    this.#options.onEnded();
    this.#ended.resolve();
  }
}
