// The worker of a node's engine without a process: tests say what it generates, and when it crashes.

import type { NodeWorker, NodeWorkerEvents } from "../../../src/cluster/node/node-worker.ts";
import type { EngineStatus } from "../../../src/engine/engine.ts";
import type { StepEvent, ToWorker } from "../../../src/engine/messages.ts";
import { OpenQuestions } from "../../../src/engine/open-questions.ts";
import { ServiceError } from "../../../src/errors.ts";
import { deferred, orAborted } from "../../../src/generation/deferred.ts";
import type { FreshDelta, StepLoad } from "../../../src/generation/events.ts";
import type { ModelInfo } from "../../../src/generation/model-info.ts";
import { FAKE_MODEL } from "../engines/fake-engine.ts";

const KV_TOKENS = { running: 1, kept: 0 };
const USAGE = { promptTokens: 1, cachedTokens: 0, completionTokens: 1, reasoningTokens: 0 };

export class FakeNodeWorker implements NodeWorker {
  readonly #events: NodeWorkerEvents;
  readonly #model: ModelInfo;
  #ready = deferred<void>();
  #state: EngineStatus["state"] = "unloaded";
  #restarts = 0;
  /** Every message to it, in order. */
  readonly sent: ToWorker[] = [];
  readonly questions = new OpenQuestions((message) => this.send(message as ToWorker));
  /** Whether it leaves aborts without an answer. */
  isHung = false;

  constructor(events: NodeWorkerEvents, model: Partial<ModelInfo> = {}) {
    this.#events = events;
    this.#model = { ...FAKE_MODEL, ...model };
  }

  get status(): EngineStatus {
    return {
      state: this.#state,
      loadProgress: 1,
      model: this.#state === "unloaded" ? null : this.#model,
      workerPid: null,
      workerRestarts: this.#restarts,
      reason: null,
    };
  }

  async load(): Promise<ModelInfo> {
    this.#become("ready");
    return this.#model;
  }

  async unload(): Promise<void> {
    this.#become("unloaded");
  }

  async close(): Promise<void> {
    this.#become("closed");
  }

  async ready(signal: AbortSignal) {
    if (this.#state === "unloaded" || this.#state === "failed")
      throw new ServiceError("engine_unavailable", `the model is ${this.#state}`);
    while (this.#state !== "ready") await orAborted(this.#ready.promise, signal);
    return { questions: this.questions };
  }

  send(message: ToWorker): void {
    this.sent.push(message);
    if (message.type === "abort" && !this.isHung && this.#hasStarted(message.id))
      queueMicrotask(() => this.emit({ type: "aborted", id: message.id, tokensAfterAbort: 0 }));
  }

  /** The messages of one type, in order. */
  sentOf<Type extends ToWorker["type"]>(type: Type) {
    return this.sent.filter(
      (message): message is Extract<ToWorker, { type: Type }> => message.type === type,
    );
  }

  /** One decode step. */
  emit(...events: StepEvent[]): void {
    this.step(events, []);
  }

  step(events: readonly StepEvent[], loads: readonly StepLoad[]): void {
    this.#events.onStep({ type: "step", events, loads, kvTokens: KV_TOKENS });
  }

  /** One step with one delta for each of the runs. */
  generate(text: string, ...ids: string[]): void {
    this.emit(...ids.map((id) => deltaOf(id, text)));
  }

  finish(id: string): void {
    const ending = { reason: "stop", stopString: null, prefixTier: "slot", prefillMs: 1 } as const;
    this.emit({ type: "output", id, event: { type: "finish", ...ending, usage: USAGE } });
  }

  /** Ends the process. It restarts with `restart()`. */
  crash(isFromOutside = false): void {
    const error = new ServiceError(
      "worker_crashed",
      "worker ended while it worked on this request",
    );
    this.#become("restarting");
    this.#restarts += 1;
    this.#events.onExit({ error, isFromOutside, crashesInARow: 1 });
    this.questions.lose(error, { isFromOutside });
  }

  restart(): void {
    this.#become("ready");
  }

  fail(): void {
    this.#become("failed");
  }

  /** As with a real process, those that wait while it restarts go on waiting when it crashes again. */
  #become(state: EngineStatus["state"]): void {
    const wasReady = this.#state === "ready";
    this.#state = state;
    if (state === "ready") return this.#ready.resolve();
    if (wasReady) this.#ready = deferred();
    if (state === "failed") this.#ready.reject(new ServiceError("engine_unavailable", "it failed"));
  }

  #hasStarted(id: string): boolean {
    return this.sentOf("start").some((start) => start.id === id);
  }
}

function deltaOf(id: string, text: string): StepEvent {
  const event: FreshDelta = { type: "text-delta", text, tokens: 1, ids: [text.length] };
  return { type: "output", id, event };
}
