// The engine of one model on a node: gives runs of gateways to the worker process, as soon as one of its slots is free. What
// happens to a run's events is decided by its listener (node-runs.ts).

import type { WorkerLoss } from "../../engine/crashes.ts";
import type { Engine, EngineStatus, ModelLoadOptions, PendingAnswer } from "../../engine/engine.ts";
import type { FromWorker, StepEvent, ToWorker } from "../../engine/messages.ts";
import { ServiceError } from "../../errors.ts";
import type { StepLoad } from "../../generation/events.ts";
import { type KvTokens, type ModelInfo, NO_KV_TOKENS } from "../../generation/model-info.ts";
import { prefixHashes } from "../../generation/prefix-hashes.ts";
import type { AnswerTo, Question } from "../../generation/questions.ts";
import type { StartRun } from "../messages.ts";
import type { NodeWorker, NodeWorkerEvents } from "./node-worker.ts";
import { RecentPrefixes } from "./recent-prefixes.ts";
import { SpeedMeter } from "./speed-meter.ts";

export type WorkerStep = Omit<Extract<FromWorker, { type: "step" }>, "type">;

export interface NodeEngineListener {
  onStep(engine: NodeEngine, step: WorkerStep): void;
  /** The worker process has ended, with these runs in it. */
  onLost(ids: readonly string[], loss: WorkerLoss): void;
  /** The worker process cannot start: these runs have not begun. */
  onRefused(ids: readonly string[]): void;
  /** Something that gateways should hear of soon, such as another state. */
  onChange(): void;
}

export type NodeEngineOptions = {
  /** The model's key. */
  readonly key: string;
  readonly createWorker: (events: NodeWorkerEvents) => NodeWorker;
  /** Called after each decode step, for the node's own metrics. */
  readonly onLoad?: (load: StepLoad) => void;
};

type StartMessage = Extract<ToWorker, { type: "start" }>;

/** A run that waits for a slot or for the worker, or is in the worker. */
type EngineRun = {
  start: StartMessage;
  readonly generated: number[];
  readonly abort: AbortController;
  /** Whether the worker has it. */
  isInside: boolean;
};

export class NodeEngine implements Engine {
  readonly key: string;
  readonly #worker: NodeWorker;
  readonly #onLoad: (load: StepLoad) => void;
  readonly #prefixes = new RecentPrefixes();
  readonly speed = new SpeedMeter();
  /** Runs that hold a slot. */
  readonly #onSlots = new Map<string, EngineRun>();
  /** Runs that wait for one, in the order of their start. */
  readonly #waiting = new Map<string, EngineRun>();
  #kvTokens: KvTokens = NO_KV_TOKENS;
  #lastLoss: WorkerLoss | null = null;
  listener: NodeEngineListener | null = null;

  constructor({ key, createWorker, onLoad = () => {} }: NodeEngineOptions) {
    this.key = key;
    this.#onLoad = onLoad;
    this.#worker = createWorker({
      onStep: (step) => this.#onStep(step),
      onExit: (loss) => this.#onExit(loss),
    });
  }

  async load(options: ModelLoadOptions): Promise<ModelInfo> {
    try {
      return await this.#worker.load(options);
    } finally {
      this.#startWaiting();
      this.listener?.onChange();
    }
  }

  async unload(): Promise<void> {
    await this.#worker.unload();
    this.#prefixes.clear();
    this.listener?.onChange();
  }

  status(): EngineStatus {
    return { ...this.#worker.status, kvTokens: this.#kvTokens };
  }

  close(): Promise<void> {
    return this.#worker.close();
  }

  /** Slots in use. */
  get busy(): number {
    return this.#onSlots.size;
  }

  /** Runs that wait for a slot. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The prefixes that are cached here, as `PrefixDigest.encode()` writes them. */
  get prefixes(): string {
    return this.#prefixes.digest;
  }

  /** As soon as the worker is ready. The answer fails with the error of `isLostWith()` if it ends before that. */
  ask<Q extends Question>(
    question: Q,
    { signal }: { readonly signal: AbortSignal },
  ): PendingAnswer<Q> {
    const asked = this.#worker
      .ready(signal)
      .then(({ questions }) => questions.ask(question, signal));
    const answer: Promise<AnswerTo<Q>> = asked.then((pending) => pending.answer);
    answer.catch(() => {}); // the caller may await only the cost
    return {
      answer,
      costMs: asked.then(
        (pending) => pending.costMs,
        () => 0,
      ),
    };
  }

  /** Whether a question failed because the worker ended, and not because of the question. */
  isLostWith(error: unknown): boolean {
    return this.#lastLoss !== null && error === this.#lastLoss.error;
  }

  /** A node does not generate for itself: gateways start runs. */
  generate(): never {
    throw new ServiceError("engine_unavailable", "a node generates for gateways only");
  }

  /** Gives the run to the worker when a slot is free. Its events go to the listener. */
  start({ id, request, generated, cacheScope, creditBytes }: StartRun): void {
    this.#waiting.set(id, {
      start: { type: "start", id, request, generated, cacheScope, creditBytes },
      generated: [...generated],
      abort: new AbortController(),
      isInside: false,
    });
    this.#startWaiting();
  }

  /** @param bytes in addition to what it was given */
  credit(id: string, bytes: number): void {
    const run = this.#onSlots.get(id) ?? this.#waiting.get(id);
    if (!run) return;
    if (run.isInside) return this.#worker.send({ type: "credit", id, bytes });
    run.start = { ...run.start, creditBytes: run.start.creditBytes + bytes };
  }

  /** A run that has not begun ends at once; another when the worker says so. */
  abort(id: string): void {
    const run = this.#onSlots.get(id);
    if (run?.isInside) return this.#worker.send({ type: "abort", id });
    if (run) return run.abort.abort(); // its wait for the worker ends
    if (this.#waiting.delete(id)) this.#endUnbegun(id);
  }

  suspend(id: string): void {
    if (this.#onSlots.get(id)?.isInside) this.#worker.send({ type: "suspend", id });
  }

  #startWaiting(): void {
    for (const [id, run] of this.#waiting) {
      if (this.#onSlots.size >= (this.#worker.status.model?.slots ?? 1)) return;
      this.#waiting.delete(id);
      this.#onSlots.set(id, run);
      void this.#begin(id, run);
    }
  }

  async #begin(id: string, run: EngineRun): Promise<void> {
    try {
      await this.#worker.ready(run.abort.signal);
      run.abort.signal.throwIfAborted();
    } catch {
      this.#onSlots.delete(id);
      if (run.abort.signal.aborted) this.#endUnbegun(id);
      else this.listener?.onRefused([id]);
      return this.#startWaiting();
    }
    run.isInside = true;
    this.#worker.send(run.start);
  }

  /** Reports the end of a run that the worker never had. */
  #endUnbegun(id: string): void {
    const event: StepEvent = { type: "aborted", id, tokensAfterAbort: 0 };
    this.listener?.onStep(this, { events: [event], loads: [], kvTokens: this.#kvTokens });
  }

  #onStep(step: WorkerStep): void {
    this.#kvTokens = step.kvTokens;
    for (const event of step.events) this.#note(event);
    for (const load of step.loads) {
      this.speed.addStep(load);
      this.#onLoad(load);
    }
    this.listener?.onStep(this, step);
    if (this.#waiting.size > 0) this.#startWaiting();
  }

  /** Follows what is on the slots, and what the node announces. */
  #note(event: StepEvent): void {
    const run = this.#onSlots.get(event.id);
    if (!run) return;
    if (event.type === "parked") return;
    if (event.type !== "output") return this.#leave(event.id, run);
    const { event: output } = event;
    if (output.type === "finish") return this.#leave(event.id, run);
    if (output.type === "prefill") return;
    if (output.prompt) this.#addPrefix(run);
    this.speed.addEvent(output, run.start.request.promptTokens.length + run.start.generated.length);
    for (const token of output.ids ?? []) run.generated.push(token);
  }

  #leave(id: string, run: EngineRun): void {
    this.#onSlots.delete(id);
    this.#addPrefix(run);
  }

  /** The worker has read the prompt, and the answer so far. */
  #addPrefix({ start, generated }: EngineRun): void {
    const { request, cacheScope } = start;
    const { model } = this.#worker.status;
    if (!request.reusePrefix || !model) return;
    const tokens = [...request.promptTokens, ...generated];
    const hashes = prefixHashes(tokens, `${this.key} ${cacheScope}`);
    this.#prefixes.add(hashes, model.slots * model.contextTokens);
  }

  #onExit(loss: WorkerLoss): void {
    this.#lastLoss = loss;
    this.#kvTokens = NO_KV_TOKENS;
    this.#prefixes.clear();
    const lost = [...this.#onSlots].filter(([, { isInside }]) => isInside).map(([id]) => id);
    for (const id of lost) this.#onSlots.delete(id);
    if (lost.length > 0) this.listener?.onLost(lost, loss);
    this.#startWaiting();
    this.listener?.onChange();
  }
}
