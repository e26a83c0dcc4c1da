// Computes embedding vectors and rerank scores in a separate worker process. It serves one request at a time, one input after
// the other.

import { settlesWithin } from "../generation/deferred.ts";
import type { EmbeddingRequest } from "../generation/embedding.ts";
import type { ModelInfo } from "../generation/model-info.ts";
import type { AnswerTo, EmbeddingQuestion } from "../generation/questions.ts";
import type { WorkerLoss } from "./crashes.ts";
import type { EngineStatus, LoadableEngine, ModelLoadOptions } from "./engine.ts";
import { cannotRank } from "./messages.ts";
import { ModelWorker, type WorkerOptions } from "./model-worker.ts";

export type EmbeddingRunOptions = {
  readonly signal: AbortSignal;
  /** Called with one vector, or one rerank score, per input, in order. */
  readonly onResult: (values: Float64Array) => void;
};

export interface EmbeddingEngine extends LoadableEngine {
  /** @throws ServiceError for a request that the model cannot serve, if that is known without loading it */
  check(request: EmbeddingRequest): void;
  /**
   * Computes one input after the other. The model must be loaded. Wait until one call has settled before the next. After an abort, it settles when the
   * worker is free again or, after half a second, when the worker has been ended.
   * @throws ServiceError 4xx before any input is computed, or why it failed, or the signal's reason
   */
  run(
    request: EmbeddingRequest,
    options: EmbeddingRunOptions,
  ): Promise<{ readonly promptTokens: number }>;
}

export type WorkerEmbeddingEngineOptions = WorkerOptions & {
  /** Information about the model from another source, so that unsupported requests are rejected without loading it. */
  readonly knownModel: () => ModelInfo | null;
};

/** How long an aborted computation may run before its process is ended: it cannot be interrupted. */
const STOP_LIMIT_MS = 500;

export class WorkerEmbeddingEngine implements EmbeddingEngine {
  readonly #options: WorkerEmbeddingEngineOptions;
  readonly #worker: ModelWorker;
  #lastLoss: WorkerLoss | null = null;

  constructor(options: WorkerEmbeddingEngineOptions) {
    this.#options = options;
    const onExit = (loss: WorkerLoss) => {
      this.#lastLoss = loss;
    };
    this.#worker = new ModelWorker({ ...options, onStep: () => {}, onExit });
  }

  load(options: ModelLoadOptions): Promise<ModelInfo> {
    return this.#worker.load(options);
  }

  unload(): Promise<void> {
    return this.#worker.unload();
  }

  status(): EngineStatus {
    return this.#worker.status;
  }

  close(): Promise<void> {
    return this.#worker.close();
  }

  check({ type }: EmbeddingRequest): void {
    const model = this.#options.knownModel() ?? this.status().model;
    if (type === "rank" && model?.canRank === false) throw cannotRank();
  }

  async run(
    request: EmbeddingRequest,
    { signal, onResult }: EmbeddingRunOptions,
  ): Promise<{ readonly promptTokens: number }> {
    const ask = this.#asker(signal);
    const { inputs, promptTokens } = await ask({ type: "prepare-inputs", request });
    for (const input of inputs) onResult(await ask({ type: "compute-input", input }));
    return { promptTokens };
  }

  /**
   * Over all questions, one crash of the worker leads to a retry, unless it was reading the inputs: it would crash again.
   * @returns a function that asks one question at a time
   */
  #asker(signal: AbortSignal) {
    let mayCrash = true;
    return async <Q extends EmbeddingQuestion>(question: Q): Promise<AnswerTo<Q>> => {
      try {
        return await this.#ask(question, signal);
      } catch (error) {
        if (error !== this.#lastLoss?.error || !mayCrash) throw error;
        mayCrash = false;
        return await this.#ask(question, signal);
      }
    };
  }

  async #ask<Q extends EmbeddingQuestion>(question: Q, signal: AbortSignal): Promise<AnswerTo<Q>> {
    const { questions } = await this.#worker.ready(signal);
    const { answer, costMs } = questions.ask(question, signal);
    try {
      return await answer;
    } catch (error) {
      if (signal.aborted) await this.#untilFree(costMs);
      throw error;
    }
  }

  /** Waits until an aborted question is over, or ends the worker after the limit. The next request starts another. */
  async #untilFree(costMs: Promise<number>): Promise<void> {
    if (await settlesWithin(costMs, STOP_LIMIT_MS)) return;
    this.#options.log("info", "ending the worker: it is still computing an aborted request");
    await this.#worker.end();
  }
}
