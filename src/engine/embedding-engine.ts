// Computes embedding vectors and rerank scores in a separate worker process. The first request starts the worker, and it ends
// after an idle time. It serves one request at a time, one input after the other.

import { ServiceError } from "../errors.ts";
import { settlesWithin } from "../generation/deferred.ts";
import type { EmbeddingRequest } from "../generation/embedding.ts";
import type { ModelInfo } from "../generation/model-info.ts";
import type { AnswerTo, EmbeddingQuestion } from "../generation/questions.ts";
import type { WorkerLoss } from "./crashes.ts";
import { cannotRank } from "./messages.ts";
import { WorkerProcess, type WorkerProcessOptions } from "./worker-process.ts";

export type EmbeddingRunOptions = {
  readonly signal: AbortSignal;
  /** Called with one vector, or one rerank score, per input, in order. */
  readonly onResult: (values: Float64Array) => void;
};

export interface EmbeddingEngine {
  /**
   * Computes one input after the other. Wait until one call has settled before the next. After an abort, it settles when the
   * worker is free again or, after half a second, when the worker has been ended.
   * @throws ServiceError 4xx before any input is computed, or why it failed, or the signal's reason
   */
  run(
    request: EmbeddingRequest,
    options: EmbeddingRunOptions,
  ): Promise<{ readonly promptTokens: number }>;
  /** Process id of the worker; null without a worker. */
  readonly workerPid: number | null;
  /** Ends the worker. Running calls fail with `engine_unavailable`. */
  close(): Promise<void>;
}

export type WorkerEmbeddingEngineOptions = Omit<WorkerProcessOptions, "onStep" | "onExit"> & {
  /** How long an idle worker is kept. */
  readonly embeddingIdleTimeoutMs: number;
  /** Information about the model from another source, so that unsupported requests are rejected without loading it. */
  readonly knownModel: () => ModelInfo | null;
};

/** How long an aborted computation may run before its process is ended: it cannot be interrupted. */
const STOP_LIMIT_MS = 500;

export class WorkerEmbeddingEngine implements EmbeddingEngine {
  readonly #options: WorkerEmbeddingEngineOptions;
  #worker: WorkerProcess | null = null;
  #lastLoss: WorkerLoss | null = null;
  #idleTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: WorkerEmbeddingEngineOptions) {
    this.#options = options;
  }

  get workerPid(): number | null {
    return this.#worker?.status.workerPid ?? null;
  }

  async run(
    request: EmbeddingRequest,
    { signal, onResult }: EmbeddingRunOptions,
  ): Promise<{ readonly promptTokens: number }> {
    if (request.type === "rank" && this.#options.knownModel()?.canRank === false)
      throw cannotRank();
    clearTimeout(this.#idleTimer);
    const ask = this.#asker(signal);
    try {
      const { inputs, promptTokens } = await ask({ type: "prepare-inputs", request });
      for (const input of inputs) onResult(await ask({ type: "compute-input", input }));
      return { promptTokens };
    } finally {
      this.#startIdleTimer();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#idleTimer);
    await this.#endWorker();
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
    const worker = await this.#readyWorker(signal);
    const { answer, costMs } = worker.questions.ask(question, signal);
    try {
      return await answer;
    } catch (error) {
      if (signal.aborted) await this.#untilFree(costMs);
      throw error;
    }
  }

  async #readyWorker(signal: AbortSignal): Promise<WorkerProcess> {
    if (this.#isClosed) throw new ServiceError("engine_unavailable", "the server is shutting down");
    this.#worker ??= this.#startWorker();
    const worker = this.#worker;
    try {
      await worker.ready(signal);
      return worker;
    } catch (error) {
      if (!signal.aborted) await this.#endWorker(); // the next request loads it again
      throw error;
    }
  }

  #startWorker(): WorkerProcess {
    this.#options.log("info", `starting a worker for ${this.#options.model.modelPath}`);
    const onExit = (loss: WorkerLoss) => {
      this.#lastLoss = loss;
    };
    return new WorkerProcess({ ...this.#options, onStep: () => {}, onExit });
  }

  /** Waits until an aborted question is over, or ends the worker after the limit. The next request starts another. */
  async #untilFree(costMs: Promise<number>): Promise<void> {
    if (await settlesWithin(costMs, STOP_LIMIT_MS)) return;
    this.#options.log("info", "ending the worker: it is still computing an aborted request");
    await this.#endWorker();
  }

  #startIdleTimer(): void {
    clearTimeout(this.#idleTimer);
    if (!this.#worker) return;
    this.#idleTimer = setTimeout(() => {
      this.#options.log("info", "ending the worker: it is idle");
      this.#endWorker().catch(() => {}); // SIGKILL was sent; nothing more can be done
    }, this.#options.embeddingIdleTimeoutMs).unref();
  }

  async #endWorker(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.close();
  }
}
