// This side's half of one request in the worker: its channel, its credit, and its way on and off a slot.

import { abortReason, guarded, toServiceError } from "../errors.ts";
import { Channel } from "../generation/channel.ts";
import { type Deferred, deferred, orAborted } from "../generation/deferred.ts";
import type { FreshDelta, GenerateEvent, PromptReading } from "../generation/events.ts";
import type { PreparedRequest } from "../generation/request.ts";
import type { SlotLease } from "../generation/slot-lease.ts";
import { finishAtDeadline, type ReceivedAnswer } from "./finish-at-deadline.ts";
import { fromWireError, type StepEvent, type ToWorker } from "./messages.ts";
import type { WorkerLoss } from "./worker-process.ts";

/** Where a run begins: at the start, or where another worker was lost. */
export type RunStart = {
  /** Tokens of the answer that are known already. */
  readonly generated: readonly number[];
  /** So many of them are thoughts. */
  readonly reasoning: number;
  /** Null before its first token. */
  readonly prompt: PromptReading | null;
  /** Whether it was in a worker that died: it then runs alone until it has shown that it does no harm. */
  readonly isSuspect: boolean;
};

export type RemoteRunOptions = {
  readonly id: string;
  readonly request: PreparedRequest;
  readonly start: RunStart;
  readonly cacheScope: string;
  readonly lease: SlotLease;
  readonly signal: AbortSignal;
  /** Ends the answer with what there is. */
  readonly deadline: AbortSignal;
  readonly send: (message: ToWorker) => void;
  /** Weight of the deltas that may wait here for a reader. */
  readonly bufferBytes: number;
  /** A parked request gives its slot up after so long, if others wait for one. */
  readonly parkTimeoutMs: number;
  /** Waits for entry to the worker, see SuspectGate. @returns the way out */
  readonly enterGate: (isSuspect: boolean) => Promise<() => void>;
  /** Waits until there is a worker, and puts the run on its list. Nothing is awaited from then on. */
  readonly enterWorker: () => Promise<void>;
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

/** A suspect may send so much, then it is parked, and has proven itself: what killed the last worker did not happen again. */
const PROOF_BYTES = 32;

export class RemoteRun {
  readonly #options: RemoteRunOptions;
  readonly #channel: Channel;
  readonly #ended: Deferred<void> = deferred();
  #phase: Phase = "new";
  #leaveGate = () => {};
  #isProving = false;
  /** Whether it has proven itself and waits for the others. */
  #isHeld = false;
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

  /** How its worker was lost; null when it was not. */
  get loss(): WorkerLoss | null {
    return this.#loss;
  }

  /** Whether it is, or was in its end, alone in the worker and has not yet shown that it does no harm. */
  get isProving(): boolean {
    return this.#isProving;
  }

  /** Waits for a slot (unless the lease still holds one), for entry and for a worker, and hands the request to it. */
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

  /** Stops it if it still runs, and waits until its slot is free. */
  async finish(): Promise<void> {
    const { id, send, signal, deadline } = this.#options;
    signal.removeEventListener("abort", this.#onAbort);
    deadline.removeEventListener("abort", this.#onDeadline);
    if (this.#phase === "ended") return this.#stopParkTimer();
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
        if (this.#isProving) this.#proven();
        else this.#startParkTimer();
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
        this.#end();
        this.#options.onWastedTokens(event.tokensAfterAbort);
        return;
      case "failed":
        this.#channel.fail(fromWireError(event.error));
        this.#end();
        return;
    }
  }

  /** For what went wrong on this side: its reader leaves the loop, and `finish()` does the rest. */
  fail(error: unknown): void {
    this.#channel.fail(toServiceError(error));
  }

  /** The worker is gone. A slot that it was on is still its own: it goes on there in the next worker, if its reader is there. */
  lose(loss: WorkerLoss): void {
    this.#loss = loss;
    this.#channel.fail(loss.error);
    const keepsSlot = this.#phase === "running" && !this.#parkTimer;
    this.#end(keepsSlot);
    if (keepsSlot) this.#startKeepTimer();
  }

  /** A reader that is behind hears of the loss when it is back, and `finish()` follows. Nobody waits so long for its slot. */
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

  /** The worker stops as for an abort; what its reader has been given, or is about to, is the whole answer. */
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

  /** Half a buffer at a time: a reader that keeps up costs one message in a thousand tokens. */
  #returnCredit(bytes: number): void {
    this.#unreturnedBytes += bytes;
    if (this.#isHeld) return;
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

  /** It waits, parked, until all other suspects have proven themselves too, and goes on among them. */
  #proven(): void {
    this.#isProving = false;
    this.#isHeld = true;
    this.#leaveGate();
    const entered = this.#options.enterGate(false).then((leave) => {
      this.#isHeld = false;
      if (this.#phase !== "running") return leave();
      this.#leaveGate = leave;
      this.#sendCredit(this.#options.bufferBytes - this.#firstCredit);
    });
    entered.catch(() => {}); // its client has left, and the run ends by that
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
        if (!leave || isOver()) return leave?.(); // the lease was given back when it ended
        this.#leaveGate = leave;
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

  #end(keepsSlot = false): void {
    this.#phase = "ended";
    this.#stopParkTimer();
    if (keepsSlot) this.#leaveGate();
    else this.#giveBack();
    this.#options.onEnded();
    this.#ended.resolve();
  }
}
