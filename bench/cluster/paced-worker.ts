// The worker of a node without a model: in every step, each of its runs gets one token, whose text is the time at which it was made.

import type { NodeWorker, NodeWorkerEvents } from "../../src/cluster/node/node-worker.ts";
import type { EngineStatus } from "../../src/engine/engine.ts";
import type { StepEvent, ToWorker } from "../../src/engine/messages.ts";
import type { ModelInfo } from "../../src/generation/model-info.ts";

/** Digits of a time in microseconds, so that merged deltas can be told apart. */
export const STAMP_CHARS = 16;

/** The same clock in all processes of the machine. In microseconds. */
export function clockMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

type PacedWorkerOptions = {
  readonly model: ModelInfo;
  /** Time between two steps. */
  readonly stepMs: number;
  /** When the first step is, so that the nodes do not step at the same time. */
  readonly offsetMs: number;
};

export class PacedWorker implements NodeWorker {
  readonly #events: NodeWorkerEvents;
  readonly #options: PacedWorkerOptions;
  readonly #runs = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(events: NodeWorkerEvents, options: PacedWorkerOptions) {
    this.#events = events;
    this.#options = options;
    setTimeout(() => {
      this.#timer = setInterval(() => this.#step(), options.stepMs);
    }, options.offsetMs);
  }

  get status(): EngineStatus {
    return {
      state: "ready",
      loadProgress: 1,
      model: this.#options.model,
      workerPid: null,
      workerRestarts: 0,
      reason: null,
    };
  }

  load(): Promise<ModelInfo> {
    return Promise.resolve(this.#options.model);
  }

  async unload(): Promise<void> {}

  async close(): Promise<void> {
    clearInterval(this.#timer);
  }

  ready(): Promise<never> {
    const questions = {
      ask: () => {
        throw new Error("this worker answers no questions");
      },
    };
    return Promise.resolve({ questions } as never); // the benchmark prepares its requests itself
  }

  send(message: ToWorker): void {
    if (message.type === "start") this.#runs.add(message.id);
    if (message.type !== "abort" || !this.#runs.delete(message.id)) return;
    this.#emit([{ type: "aborted", id: message.id, tokensAfterAbort: 0 }]);
  }

  #step(): void {
    if (this.#runs.size === 0) return;
    const text = String(clockMicros()).padStart(STAMP_CHARS, "0");
    const events = Array.from(this.#runs, (id): StepEvent => {
      const event = { type: "text-delta", text, tokens: 1, ids: [1] } as const;
      return { type: "output", id, event };
    });
    this.#emit(events);
  }

  #emit(events: readonly StepEvent[]): void {
    const kvTokens = { running: this.#runs.size, kept: 0 };
    const load = { ms: 1, decodes: events.length, promptTokens: 0, threads: 1 };
    this.#events.onStep({ type: "step", events, loads: [load], kvTokens });
  }
}
