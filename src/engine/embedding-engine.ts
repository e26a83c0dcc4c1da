// Computes embedding vectors and rerank scores in a separate worker process. The first request starts the worker, and it ends
// after an idle time. It serves one request at a time, one input after the other.

import { abortReason, ServiceError } from "../errors.ts";
import { type Deferred, deferred, orAborted, settlesWithin } from "../generation/deferred.ts";
import type { EmbeddingRequest, PreparedInput } from "../generation/embedding.ts";
import type { ModelInfo } from "../generation/model-info.ts";
import { cannotRank, type FromWorker, fromWireError, type WireError } from "./messages.ts";
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

export type WorkerEmbeddingEngineOptions = Omit<WorkerProcessOptions, "onMessage" | "onExit"> & {
  /** How long an idle worker is kept. */
  readonly embeddingIdleTimeoutMs: number;
  /** Information about the model from another source, so that unsupported requests are rejected without loading it. */
  readonly knownModel: () => ModelInfo | null;
};

type Reply = Extract<FromWorker, { readonly type: "inputs-prepared" | "input-computed" }>;
type Work =
  | { readonly type: "prepare-inputs"; readonly request: EmbeddingRequest }
  | { readonly type: "compute-input"; readonly input: PreparedInput };

type Pending = {
  readonly id: string;
  readonly worker: WorkerProcess;
  readonly reply: Deferred<Reply>;
};

/** How long an aborted computation may run before its process is ended: it cannot be interrupted. */
const STOP_LIMIT_MS = 500;

export class WorkerEmbeddingEngine implements EmbeddingEngine {
  readonly #options: WorkerEmbeddingEngineOptions;
  #worker: WorkerProcess | null = null;
  /** The current message and its reply. */
  #pending: Pending | null = null;
  #idleTimer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #nextId = 0;

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
      const prepared = await ask({ type: "prepare-inputs", request });
      if (prepared.type !== "inputs-prepared") throw wrongReply(prepared);
      const { inputs, promptTokens } = resultOf(prepared);
      for (const input of inputs) {
        const computed = await ask({ type: "compute-input", input });
        if (computed.type !== "input-computed") throw wrongReply(computed);
        onResult(resultOf(computed));
      }
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

  /** @returns a function that sends one message at a time. Over all messages, one crash of the worker leads to a retry. */
  #asker(signal: AbortSignal): (work: Work) => Promise<Reply> {
    let mayCrash = true;
    return async (work) => {
      try {
        return await this.#ask(work, signal);
      } catch (error) {
        const isCrash = error instanceof ServiceError && error.code === "worker_crashed";
        if (!isCrash || !mayCrash) throw error;
        mayCrash = false;
        return await this.#ask(work, signal);
      }
    };
  }

  async #ask(work: Work, signal: AbortSignal): Promise<Reply> {
    const worker = await this.#readyWorker(signal);
    if (signal.aborted) throw abortReason(signal);
    this.#nextId += 1;
    const pending = { id: `e${this.#nextId}`, worker, reply: deferred<Reply>() };
    this.#pending = pending;
    try {
      worker.send({ ...work, id: pending.id });
      return await orAborted(pending.reply.promise, signal);
    } catch (error) {
      if (signal.aborted) await this.#untilFree(pending.reply.promise);
      throw error;
    } finally {
      this.#pending = null;
    }
  }

  /** The worker is ready when this resolves. The caller must not await anything else before it uses the worker. */
  async #readyWorker(signal: AbortSignal): Promise<WorkerProcess> {
    if (this.#isClosed) throw new ServiceError("engine_unavailable", "the server is shutting down");
    this.#worker ??= this.#startWorker();
    const worker = this.#worker;
    try {
      while (worker.status.state !== "ready") await orAborted(worker.ready(), signal);
      return worker;
    } catch (error) {
      if (!signal.aborted) await this.#endWorker(); // the next request loads it again
      throw error;
    }
  }

  #startWorker(): WorkerProcess {
    this.#options.log("info", `starting a worker for ${this.#options.model.modelPath}`);
    const worker: WorkerProcess = new WorkerProcess({
      ...this.#options,
      onMessage: (message) => this.#receive(message),
      onExit: ({ error }) => {
        if (this.#pending?.worker === worker) this.#pending.reply.reject(error);
      },
    });
    return worker;
  }

  #receive(message: FromWorker): void {
    if (message.type !== "inputs-prepared" && message.type !== "input-computed") return;
    if (message.id === this.#pending?.id) this.#pending.reply.resolve(message);
  }

  /** Waits for the reply to an aborted message, or ends the worker after the limit. The next request starts another. */
  async #untilFree(reply: Promise<Reply>): Promise<void> {
    if (await settlesWithin(reply, STOP_LIMIT_MS)) return;
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

/** @throws ServiceError if the worker replied with an error */
function resultOf<T extends object>({ result }: { readonly result: T | WireError }): T {
  if ("code" in result) throw fromWireError(result);
  return result;
}

function wrongReply({ type }: Reply): Error {
  return new Error(`the worker answered with ${type}`);
}
