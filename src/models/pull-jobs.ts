// The models that the server downloads: one at a time, each in a process of its own. Knows nothing of HTTP; the routes show its
// jobs. Only a key with scope admin may start one, because an address may lie in the server's own network.

import { randomUUID } from "node:crypto";
import { ServiceError } from "../errors.ts";
import { DownloadError } from "./download-network.ts";
import { checkWritable, ModelFolderError } from "./model-folder.ts";
import { modelUri } from "./model-uri.ts";
import { PullJob } from "./pull-job.ts";
import type { PullRun, StartPull } from "./pull-process.ts";

export type PullJobsOptions = {
  /** The folder for the models, which is created when missing; null for a gateway of a cluster, which has none. */
  readonly dir: string | null;
  /** Runs a download: `pullProcesses()`. */
  readonly startPull: StartPull;
  /** A connection that is silent for longer has failed. */
  readonly timeoutMs: number;
  /** Jobs that may wait for their turn; a further one is refused. */
  readonly maxWaiting: number;
  /** Ended jobs that are remembered. */
  readonly keep: number;
  /** Milliseconds since 1970; another clock for tests. */
  readonly now?: () => number;
};

export class PullJobs {
  readonly #options: PullJobsOptions;
  /** The oldest first. */
  readonly #jobs = new Map<string, PullJob>();
  #running: { readonly job: PullJob; readonly run: PullRun } | null = null;
  #isClosed = false;

  constructor(options: PullJobsOptions) {
    this.#options = options;
  }

  /**
   * A model that is already being pulled gives its job again. An interrupted download is resumed by starting it again.
   *
   * @param model a short name, `hf:user/repo:quant` or an http(s) address
   * @throws ServiceError `model_not_found`, `folder_not_writable`, `queue_full` or `draining`
   */
  start(model: string): PullJob {
    if (this.#isClosed) throw new ServiceError("draining", "the server is shutting down");
    const uri = uriOf(model);
    const unfinished = this.list().filter((job) => !job.hasEnded);
    const same = unfinished.find((job) => job.uri === uri);
    if (same) return same;
    const { dir, maxWaiting, now = Date.now } = this.#options;
    if (dir === null) throw withoutFolder();
    refuseReadOnly(dir);
    if (unfinished.length > maxWaiting)
      throw new ServiceError(
        "queue_full",
        `${maxWaiting} models are waiting to be pulled, which is the most; try again later`,
      );
    const job = new PullJob({ id: `pull_${randomUUID()}`, model, uri, now });
    this.#jobs.set(job.id, job);
    this.#next();
    return job;
  }

  get(id: string): PullJob | undefined {
    return this.#jobs.get(id);
  }

  /** The oldest first. */
  list(): readonly PullJob[] {
    return [...this.#jobs.values()];
  }

  /** The unfinished file stays. @returns whether there was something to cancel */
  cancel(id: string): boolean {
    const job = this.#jobs.get(id);
    if (!job || job.hasEnded) return false;
    job.cancelled();
    if (this.#running?.job === job) this.#running.run.kill(); // the next one starts when this process has ended
    this.#forgetOldest();
    return true;
  }

  /** Cancels all jobs; resolves when no process is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const ended = this.#running?.run.ended;
    for (const { id } of this.list()) this.cancel(id);
    await ended;
  }

  #next(): void {
    const job = this.list().find((each) => each.snapshot.status === "queued");
    if (this.#running || !job) return;
    const { dir, timeoutMs, startPull } = this.#options;
    if (dir === null) throw withoutFolder();
    const run = startPull({ uri: job.uri, dir, name: null, timeoutMs }, (progress) =>
      job.progressed(progress),
    );
    this.#running = { job, run };
    job.started();
    void run.ended.then((outcome) => {
      job.ended(outcome);
      this.#running = null;
      this.#forgetOldest();
      this.#next();
    });
  }

  #forgetOldest(): void {
    const ended = this.list().filter((job) => job.hasEnded);
    for (const { id } of ended.slice(0, Math.max(0, ended.length - this.#options.keep)))
      this.#jobs.delete(id);
  }
}

function uriOf(model: string): string {
  try {
    return modelUri(model);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    throw new ServiceError("model_not_found", error.message, { field: "model", cause: error });
  }
}

function withoutFolder(): ServiceError {
  const message = "a gateway of a cluster has no models; pull the model on its nodes (sluice pull)";
  return new ServiceError("folder_not_writable", message);
}

/** @throws ServiceError `folder_not_writable` */
function refuseReadOnly(dir: string): void {
  try {
    checkWritable(dir);
  } catch (error) {
    if (!(error instanceof ModelFolderError)) throw error;
    const message = `models cannot be pulled here: ${error.message}; start the server with a folder that it may write to (--models-dir)`;
    throw new ServiceError("folder_not_writable", message, { cause: error });
  }
}
