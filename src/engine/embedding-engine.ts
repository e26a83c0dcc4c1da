// Vectors and scores from a worker process of their own. It is started by the first request that needs it, is ended when
// it has had nothing to do for a while, and serves one request at a time, one input after the other.

import { abortReason, ServiceError } from "../errors.ts";
import { type Deferred, deferred, orAborted } from "../generation/deferred.ts";
import type { EmbeddingRequest, PreparedInput } from "../generation/embedding.ts";
import {
  cannotRank,
  type FromWorker,
  fromWireError,
  type ModelInfo,
  type WireError,
} from "./messages.ts";
import { WorkerProcess, type WorkerProcessOptions } from "./worker-process.ts";

export type EmbeddingRunOptions = {
  readonly signal: AbortSignal;
  /** One vector, or one score, for each input in its order. */
  readonly onResult: (values: Float64Array) => void;
};

export interface EmbeddingEngine {
  /**
   * Computes one input after the other. One call at a time: the next may come when this one has settled. An aborted
   * signal ends it as soon as the worker is free again, or has been ended: after half a second.
   * @throws ServiceError 4xx before anything is computed, or why it failed, or the signal's reason
   */
  run(
    request: EmbeddingRequest,
    options: EmbeddingRunOptions,
  ): Promise<{ readonly promptTokens: number }>;
  /** Process id of the worker; null while there is none. */
  readonly workerPid: number | null;
  /** Ends the worker. What still runs fails with `engine_unavailable`. */
  close(): Promise<void>;
}

export type WorkerEmbeddingEngineOptions = Omit<WorkerProcessOptions, "onMessage" | "onExit"> & {
  /** A worker that had nothing to do for so long is ended. */
  readonly embeddingIdleTimeoutMs: number;
  /** What is known of the model from elsewhere: what it cannot do is refused without loading it. */
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

/** A computation cannot be interrupted. One that nobody wants any more may take so long before its process is ended. */
const STOP_LIMIT_MS = 500;

export class WorkerEmbeddingEngine implements EmbeddingEngine {
  readonly #options: WorkerEmbeddingEngineOptions;
  #worker: WorkerProcess | null = null;
  /** What the worker works on. */
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

  /** Asks for one thing after the other. The worker may die over one of them once: it then is asked again. */
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

  /** When it resolves the worker is there, as long as nothing but this is awaited before it is used. */
  async #readyWorker(signal: AbortSignal): Promise<WorkerProcess> {
    if (this.#isClosed) throw new ServiceError("engine_unavailable", "the server is shutting down");
    this.#worker ??= this.#startWorker();
    const worker = this.#worker;
    try {
      while (worker.status.state !== "ready") await orAborted(worker.ready(), signal);
      return worker;
    } catch (error) {
      if (!signal.aborted) await this.#endWorker(); // the next request tries to load it anew
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

  /** Waits for the answer that nobody wants any more, or ends the worker: the next one starts when it is needed. */
  async #untilFree(reply: Promise<Reply>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), STOP_LIMIT_MS);
    });
    const free = reply.then(
      () => true,
      () => true,
    );
    const isFree = await Promise.race([free, limit]);
    clearTimeout(timer);
    if (isFree) return;
    this.#options.log("info", "ending the worker: it computes what nobody wants any more");
    await this.#endWorker();
  }

  #startIdleTimer(): void {
    clearTimeout(this.#idleTimer);
    if (!this.#worker) return;
    this.#idleTimer = setTimeout(() => {
      this.#options.log("info", "ending the worker: it had nothing to do");
      this.#endWorker().catch(() => {}); // it has been sent SIGKILL, there is nothing else to try
    }, this.#options.embeddingIdleTimeoutMs).unref();
  }

  async #endWorker(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.close();
  }
}

/** @throws ServiceError that the worker answered instead */
function resultOf<T extends object>({ result }: { readonly result: T | WireError }): T {
  if ("code" in result) throw fromWireError(result);
  return result;
}

function wrongReply({ type }: Reply): Error {
  return new Error(`the worker answered with ${type}`);
}
