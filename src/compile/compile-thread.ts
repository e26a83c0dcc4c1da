// The thread that compiles what would hold the event loop: one document at a time, each within a time limit. A thread that
// exceeds it, or ends, is replaced at the next document. For schema-compiler.ts.

import { Worker } from "node:worker_threads";
import { ServiceError } from "../errors.ts";
import { type Deferred, deferred, orAborted } from "../generation/deferred.ts";
import { FairLine } from "./fair-line.ts";
import type { CompileOutcome, FromThread } from "./outcome.ts";

export type CompileThreadOptions = {
  /** The thread's program. */
  readonly entry: string;
  /** How long one document may take, once the thread has started; it usually takes a few milliseconds. */
  readonly timeoutMs: number;
  /** @returns what is known of a document before its turn */
  readonly known: (text: string) => CompileOutcome | undefined;
  readonly onOutcome: (text: string, outcome: CompileOutcome) => void;
};

export type CompileRunOptions = {
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Whose document it is: owners take turns. */
  readonly owner: string;
};

type Job = {
  readonly text: string;
  readonly owner: string;
  readonly outcome: Deferred<CompileOutcome>;
};

/** Documents are of a few MB at most, and so is what they become. */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 };
/** A thread that has nothing to do for this long is ended: it would keep the memory of its largest document. */
const IDLE_MS = 10_000;

export class CompileThread {
  readonly #options: CompileThreadOptions;
  readonly #line = new FairLine<Job>();
  #running: Job | null = null;
  #worker: Worker | null = null;
  #isReady = false;
  #timer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(options: CompileThreadOptions) {
    this.#options = options;
  }

  /**
   * @param text of the document, as JSON
   * @throws ServiceError the signal's reason; `unsupported_schema` for a document that takes too long or too much memory
   */
  async run(text: string, { signal, owner }: CompileRunOptions): Promise<CompileOutcome> {
    const job: Job = { text, owner, outcome: deferred() };
    this.#line.add(job);
    this.#next();
    try {
      return await orAborted(job.outcome.promise, signal);
    } finally {
      this.#line.remove(job); // one that runs goes on: its client may ask for the same again
    }
  }

  /** Whatever waits is refused. */
  async close(): Promise<void> {
    const closed = new ServiceError("draining", "the server is shutting down");
    for (let job = this.#line.next(); job; job = this.#line.next()) job.outcome.reject(closed);
    this.#end(closed);
    clearTimeout(this.#idleTimer);
    await this.#worker?.terminate();
  }

  #next(): void {
    while (this.#running === null) {
      const job = this.#line.next();
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
      // No more threads may be made at the moment; there may be some for the next document.
      return job.outcome.reject(failureOf(error as Error));
    }
    this.#running = job;
    this.#worker.postMessage(job.text);
    if (this.#isReady) this.#limitTime();
  }

  #limitTime(): void {
    this.#timer = setTimeout(() => this.#tooSlow(), this.#options.timeoutMs);
  }

  #start(): Worker {
    const worker = new Worker(this.#options.entry, { resourceLimits: LIMITS });
    this.#isReady = false;
    worker.unref();
    worker.on("message", (message: FromThread) => {
      if (this.#worker === worker) this.#receive(message);
    });
    worker.on("error", (error) => this.#lost(worker, failureOf(error)));
    worker.on("exit", () => this.#lost(worker, failureOf(new Error("the thread ended"))));
    return worker;
  }

  #receive(message: FromThread): void {
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

  #tooSlow(): void {
    const { timeoutMs } = this.#options;
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
    this.#end(unsupported(`take longer than ${timeoutMs / 1000} seconds to compile`));
    this.#next();
  }

  #lost(worker: Worker, error: ServiceError): void {
    if (this.#worker !== worker) return; // it was ended from here, or has been replaced
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
  return new ServiceError(
    "unsupported_schema",
    `the JSON schemas of the request ${reason}; use fewer or smaller ones`,
  );
}
