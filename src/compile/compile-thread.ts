// Runs the thread that compiles schemas too large for the event loop: one document at a time, each within a time limit. A
// thread that exceeds the limit or ends is replaced at the next document. For schema-compiler.ts.

import { Worker } from "node:worker_threads";
import { ServiceError } from "../errors.ts";
import { type Deferred, deferred, orAborted } from "../generation/deferred.ts";
import { FairQueue } from "./fair-queue.ts";
import type { CompileOutcome, ThreadMessage } from "./outcome.ts";

export type CompileThreadOptions = {
  /** The thread's program. */
  readonly entry: string;
  /** Time limit for one document once the thread has started. It usually takes a few milliseconds. */
  readonly timeoutMs: number;
  /** @returns the outcome if it is already known when the document's turn comes */
  readonly known: (text: string) => CompileOutcome | undefined;
  readonly onOutcome: (text: string, outcome: CompileOutcome) => void;
};

export type CompileRunOptions = {
  readonly signal: AbortSignal;
  /** Key of the document: keys take turns. */
  readonly owner: string;
};

type Job = {
  readonly text: string;
  readonly owner: string;
  readonly outcome: Deferred<CompileOutcome>;
};

/** Documents and their results have a few MB at most. */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 };
/** An idle thread is ended after this time: it would keep the memory of its largest document. */
const IDLE_MS = 10_000;

export class CompileThread {
  readonly #options: CompileThreadOptions;
  readonly #queue = new FairQueue<Job>();
  #running: Job | null = null;
  #worker: Worker | null = null;
  #isReady = false;
  #timer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(options: CompileThreadOptions) {
    this.#options = options;
  }

  /**
   * @param text the document as JSON
   * @throws ServiceError the signal's reason; `unsupported_schema` for a document that takes too much time or memory
   */
  async run(text: string, { signal, owner }: CompileRunOptions): Promise<CompileOutcome> {
    const job: Job = { text, owner, outcome: deferred() };
    this.#queue.add(job);
    this.#next();
    try {
      return await orAborted(job.outcome.promise, signal);
    } finally {
      this.#queue.remove(job); // a running document continues: its client may send it again
    }
  }

  async close(): Promise<void> {
    const closed = new ServiceError("draining", "the server is shutting down");
    for (let job = this.#queue.next(); job; job = this.#queue.next()) job.outcome.reject(closed);
    this.#end(closed);
    clearTimeout(this.#idleTimer);
    await this.#worker?.terminate();
  }

  #next(): void {
    while (this.#running === null) {
      const job = this.#queue.next();
      if (!job) return;
      const known = this.#options.known(job.text);
      if (known) job.outcome.resolve(known);
      else this.#begin(job);
    }
  }

  #begin(job: Job): void {
    clearTimeout(this.#idleTimer);
    try {
      this.#worker ??= this.#start();
    } catch (error) {
      // The process may have no thread left right now; one may be available for the next document.
      return job.outcome.reject(failureOf(error as Error));
    }
    this.#running = job;
    this.#worker.postMessage(job.text);
    if (this.#isReady) this.#limitTime();
  }

  #limitTime(): void {
    this.#timer = setTimeout(() => this.#stopSlowDocument(), this.#options.timeoutMs);
  }

  #start(): Worker {
    const worker = new Worker(this.#options.entry, { resourceLimits: LIMITS });
    this.#isReady = false;
    worker.unref();
    worker.on("message", (message: ThreadMessage) => {
      if (this.#worker === worker) this.#receive(message);
    });
    worker.on("error", (error) => this.#handleLoss(worker, failureOf(error)));
    worker.on("exit", () => this.#handleLoss(worker, failureOf(new Error("the thread ended"))));
    return worker;
  }

  #receive(message: ThreadMessage): void {
    if (message.type === "ready") {
      this.#isReady = true;
      if (this.#running) this.#limitTime();
      return;
    }
    const job = this.#end(null);
    if (job) this.#options.onOutcome(job.text, message);
    job?.outcome.resolve(message);
    this.#next();
    if (this.#running === null) this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    this.#idleTimer = setTimeout(() => {
      const worker = this.#worker;
      this.#worker = null;
      void worker?.terminate();
    }, IDLE_MS);
    this.#idleTimer.unref();
  }

  #stopSlowDocument(): void {
    const { timeoutMs } = this.#options;
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
    this.#end(unsupported(`take longer than ${timeoutMs / 1000} seconds to compile`));
    this.#next();
  }

  #handleLoss(worker: Worker, error: ServiceError): void {
    if (this.#worker !== worker) return; // it was terminated or replaced on purpose
    this.#worker = null;
    this.#end(error);
    this.#next();
  }

  /** @returns the document whose turn ends */
  #end(error: ServiceError | null): Job | null {
    const job = this.#running;
    clearTimeout(this.#timer);
    this.#running = null;
    if (error) job?.outcome.reject(error);
    return job;
  }
}

function failureOf(error: Error & { readonly code?: string }): ServiceError {
  if (error.code === "ERR_WORKER_OUT_OF_MEMORY")
    return unsupported(`take more than ${LIMITS.maxOldGenerationSizeMb} MB of memory to compile`);
  return new ServiceError("internal_error", "the server failed on this request", { cause: error });
}

function unsupported(reason: string): ServiceError {
  const message = `the JSON schemas of the request ${reason}; use fewer or smaller ones`;
  return new ServiceError("unsupported_schema", message);
}
