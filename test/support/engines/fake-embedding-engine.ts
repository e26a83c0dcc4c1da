// An EmbeddingEngine without a model: an input's vector is its length, after a given time. It honours signals like the
// real one, and counts what it computes.

import { setTimeout as sleep } from "node:timers/promises";
import type { EmbeddingEngine, EmbeddingRunOptions } from "../../../src/engine/embedding-engine.ts";
import type { EngineStatus, ModelLoadOptions } from "../../../src/engine/engine.ts";
import type { ServiceError } from "../../../src/errors.ts";
import { orAborted } from "../../../src/generation/deferred.ts";
import type { EmbeddingRequest } from "../../../src/generation/embedding.ts";
import type { ModelInfo } from "../../../src/generation/model-info.ts";
import { FAKE_MODEL, requireRoom } from "./fake-engine.ts";

export type FakeEmbeddingOptions = {
  /** Time of one input. */
  readonly inputMs?: number;
  readonly failure?: ServiceError;
  /** Facts about the model that differ from `FAKE_MODEL`. */
  readonly model?: Partial<ModelInfo>;
};

export class FakeEmbeddingEngine implements EmbeddingEngine {
  readonly #options: FakeEmbeddingOptions;
  /** All requests in order of arrival. */
  readonly requests: EmbeddingRequest[] = [];
  running = 0;
  inputsComputed = 0;
  /** Requests that were being computed when the model was unloaded. */
  cut = 0;

  constructor(options: FakeEmbeddingOptions = {}) {
    this.#options = options;
  }

  get #model(): ModelInfo {
    return { ...FAKE_MODEL, ...this.#options.model };
  }

  async load({ memoryLimit }: ModelLoadOptions) {
    requireRoom(this.#model, memoryLimit);
    return this.#model;
  }

  async unload(): Promise<void> {
    this.cut += this.running;
  }

  check(): void {}

  status(): EngineStatus {
    return {
      state: "ready",
      loadProgress: 1,
      model: this.#model,
      workerPid: null,
      workerRestarts: 0,
      reason: null,
    };
  }

  async run(request: EmbeddingRequest, { signal, onResult }: EmbeddingRunOptions) {
    const { inputMs = 0, failure } = this.#options;
    this.requests.push(request);
    this.running += 1;
    try {
      if (failure) throw failure;
      const inputs = request.type === "embed" ? request.inputs : request.documents;
      for (const { length } of inputs) {
        await orAborted(sleep(inputMs), signal);
        this.inputsComputed += 1;
        onResult(Float64Array.of(...(request.type === "embed" ? [length, 1] : [1 / (1 + length)])));
      }
      return { promptTokens: inputs.length };
    } finally {
      this.running -= 1;
    }
  }

  async close(): Promise<void> {}
}
