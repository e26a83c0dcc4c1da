// The worker process of one engine, across loads: each load starts a new process, and unloading ends it. The process itself,
// with its restarts after crashes, is worker-process.ts.

import { ServiceError } from "../errors.ts";
import type { ModelInfo } from "../generation/model-info.ts";
import type { AnyQuestion } from "../generation/questions.ts";
import type { EngineStatus, ModelLoadOptions } from "./engine.ts";
import type { ModelOptions, ToWorker } from "./messages.ts";
import { WorkerProcess, type WorkerProcessOptions } from "./worker-process.ts";

/** The resources of one load. */
type PreparedLoad = {
  readonly model: ModelOptions;
  /** Called when the process has ended for good. */
  readonly release: () => void;
};

export type WorkerOptions = Omit<WorkerProcessOptions, "onStep" | "onExit" | "model"> & {
  readonly prepareLoad: (options: ModelLoadOptions) => PreparedLoad;
};

type ModelWorkerOptions = WorkerOptions & Pick<WorkerProcessOptions, "onStep" | "onExit">;

/** Of an engine that has never loaded its model. */
export const UNLOADED: EngineStatus = {
  state: "unloaded",
  loadProgress: 0,
  model: null,
  workerPid: null,
  workerRestarts: 0,
  reason: null,
};

export class ModelWorker {
  readonly #options: ModelWorkerOptions;
  #current: { readonly process: WorkerProcess; readonly release: () => void } | null = null;
  /** Null while the model is not loaded. */
  #loadOptions: ModelLoadOptions | null = null;
  /** Of processes that have ended. */
  #workerRestarts = 0;
  #isClosed = false;

  constructor(options: ModelWorkerOptions) {
    this.#options = options;
  }

  get status(): EngineStatus {
    const status = this.#current?.process.status ?? UNLOADED;
    const workerRestarts = this.#workerRestarts + status.workerRestarts;
    return { ...status, workerRestarts, ...(this.#isClosed ? { state: "closed" } : {}) };
  }

  load(options: ModelLoadOptions): Promise<ModelInfo> {
    if (this.#isClosed) return Promise.reject(unavailable("the server is shutting down"));
    this.#loadOptions = options;
    const { model, release } = this.#options.prepareLoad(options);
    const process = new WorkerProcess({ ...this.#options, model });
    this.#current = { process, release };
    return process.firstLoad;
  }

  unload(): Promise<void> {
    this.#loadOptions = null;
    return this.end();
  }

  /** Ends the process. If the model was not unloaded, the next `ready()` starts another one. */
  async end(): Promise<void> {
    const current = this.#current;
    this.#current = null;
    if (!current) return;
    this.#workerRestarts += current.process.status.workerRestarts;
    await current.process.close();
    current.release();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.unload();
  }

  /**
   * The worker is ready when this resolves. The caller must not await anything else before it uses the worker.
   * @throws ServiceError `engine_unavailable` if no worker can become ready, or the signal's reason
   */
  async ready(signal: AbortSignal): Promise<WorkerProcess> {
    if (!this.#current && this.#loadOptions) this.load(this.#loadOptions).catch(() => {}); // `ready()` below fails too
    if (!this.#current)
      throw unavailable(this.#isClosed ? "the server is shutting down" : "the model is not loaded");
    const { process } = this.#current;
    await process.ready(signal);
    return process;
  }

  /** A message to a worker that has just ended is lost, as its runs are. */
  send(message: ToWorker<AnyQuestion>): void {
    this.#current?.process.send(message);
  }
}

function unavailable(message: string): ServiceError {
  return new ServiceError("engine_unavailable", message);
}
