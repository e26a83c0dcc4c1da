// Manages the worker process: spawn, readiness, questions, heartbeat, restart with back-off, kill. Knows nothing about runs.

import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import { abortReason, guarded, ServiceError, stackOf } from "../errors.ts";
import { deferred, orAborted, settlesWithin } from "../generation/deferred.ts";
import type { SavedBytes } from "../generation/events.ts";
import type { ModelInfo } from "../generation/model-info.ts";
import type { AnyQuestion } from "../generation/questions.ts";
import type { WorkerLoss } from "./crashes.ts";
import type { EngineStatus } from "./engine.ts";
import { loadFailure } from "./load-failure.ts";
import type { FromWorker, ModelOptions, ToWorker, WireError } from "./messages.ts";
import { OpenQuestions } from "./open-questions.ts";
import { logOutput } from "./worker-output.ts";

export type WorkerProcessOptions = {
  /** File that the child runs, `.ts` (through tsx) or `.js`. */
  readonly entry: string;
  readonly model: ModelOptions;
  /** Maximum time to load the model. */
  readonly loadTimeoutMs: number;
  /** A worker that answers no ping for this long is killed. */
  readonly hangTimeoutMs: number;
  /** A worker whose decode step takes longer than this is killed. */
  readonly stepTimeoutMs: number;
  /** Maximum back-off before a new worker starts. */
  readonly restartDelayMs: number;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
  /** Called with 0 to 1 while a worker loads the model. */
  readonly onLoadProgress: (progress: number) => void;
  /** Called when the size of the saved prefixes has changed. */
  readonly onSaved?: (bytes: SavedBytes) => void;
  readonly onStep: (step: Extract<FromWorker, { type: "step" }>) => void;
  /** Called when the process has ended, with every run in it. */
  readonly onExit: (loss: WorkerLoss) => void;
};

const BACKOFF_MS = [0, 500, 1_000, 2_000, 5_000, 10_000, 30_000] as const;
/** Number of pings within the hang timeout. */
const HEARTBEAT_TICKS = 4;
/** After this time without a crash, the back-off starts from zero again. */
const STABLE_AFTER_MS = 60_000;
/** How long a worker may take to copy its prefix cache to the disk when the server closes. */
const CLOSE_TIMEOUT_MS = 10_000;
/** One libuv thread, so that decoding stays on one thread. No backtrace, because an assertion would start gdb and hang. */
const WORKER_ENVIRONMENT = { UV_THREADPOOL_SIZE: "1", GGML_NO_BACKTRACE: "1" };

export class WorkerProcess {
  readonly #options: WorkerProcessOptions;
  #child: ChildProcess | null = null;
  #status: EngineStatus = {
    state: "loading",
    loadProgress: 0,
    model: null,
    workerPid: null,
    workerRestarts: 0,
    reason: null,
  };
  #crashesInARow = 0;
  #unsent: ToWorker<AnyQuestion>[] = [];
  #wasHeard = false;
  #wasKilledHere = false;
  #timers = new Set<NodeJS.Timeout>();
  #ready = deferred<ModelInfo>();
  /** Settles when the model was loaded for the first time, or failed to load. */
  readonly firstLoad = this.#ready.promise;
  readonly questions = new OpenQuestions((message) => this.send(message));

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
    this.#spawn();
  }

  get status(): EngineStatus {
    return this.#status;
  }

  #update(change: Partial<EngineStatus>): void {
    this.#status = { ...this.#status, ...change };
  }

  /**
   * The worker is ready when this resolves. The caller must not await anything else before it uses the worker.
   * @throws ServiceError `engine_unavailable` if it cannot become ready any more, or the signal's reason
   */
  async ready(signal: AbortSignal): Promise<void> {
    while (this.#status.state !== "ready") await orAborted(this.#ready.promise, signal);
    if (signal.aborted) throw abortReason(signal);
  }

  /** Messages from one turn of the event loop are sent in one write. */
  send(message: ToWorker<AnyQuestion>): void {
    if (this.#unsent.push(message) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const messages = this.#unsent;
    this.#unsent = [];
    // A write to a worker that has just died fails. Its exit event follows and ends its requests.
    try {
      if (messages.length > 0 && this.#child?.connected) this.#child.send(messages, () => {});
    } catch (error) {
      this.#distrust(error); // requests would wait forever for a lost message
    }
  }

  /** Ends a worker whose answers can no longer be trusted. Its exit starts a new one. */
  #kill(reason: string): void {
    this.#options.log("error", `killing the worker: ${reason}`);
    this.#wasKilledHere = true;
    this.#child?.kill("SIGKILL");
  }

  /** Handles an error in a callback: ends the worker, because the state of its requests may be inconsistent. */
  #distrust(error: unknown): void {
    this.#kill(`its messages cannot be handled: ${stackOf(error)}`);
  }

  async close(): Promise<void> {
    this.#update({ state: "closed" });
    this.#clearTimers();
    const child = this.#child;
    const closed = shuttingDown();
    this.#ready.reject(closed); // for current callers; the new promise below is for later callers
    this.#ready = deferred();
    this.#ready.reject(closed);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const hasToSave = this.#options.model.prefixCache?.disk;
    if (hasToSave) this.send({ type: "close" });
    if (!hasToSave || !(await settlesWithin(exited, CLOSE_TIMEOUT_MS))) child.kill("SIGKILL"); // it may be stuck in a decode
    await exited;
  }

  #spawn(): void {
    const { entry } = this.#options;
    const child = fork(entry, {
      execArgv: entry.endsWith(".ts") ? ["--import", "tsx"] : [],
      env: { ...process.env, ...WORKER_ENVIRONMENT },
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const lastLine = logOutput(child, this.#options.log);
    this.#child = child;
    this.#wasKilledHere = false;
    this.#update({ loadProgress: 0, workerPid: child.pid ?? null });
    const receiveAll = (messages: unknown) => {
      for (const message of messages as FromWorker[]) this.#receive(message); // only the worker writes to this channel
    };
    const onMessages = guarded(receiveAll, (error) => this.#distrust(error));
    child.on("message", onMessages);
    child.on("error", (error) => this.#gone(child, `cannot run the worker: ${error.message}`));
    child.once("exit", (code, signal) => {
      const isFromOutside = signal === "SIGKILL" && !this.#wasKilledHere;
      const how = `worker ended (${signal ?? `code ${code}`})`;
      const { state } = this.#status;
      const isLoading = state === "loading" || state === "restarting";
      if (!isLoading) return this.#gone(child, how, isFromOutside);
      // Its last output may arrive after its exit, and is the only hint at the reason.
      child.once("close", () => {
        const file = path.basename(this.#options.model.modelPath); // without its folder, because clients see this text
        const words = lastLine() === null ? "" : `; its last message: ${lastLine()}`;
        this.#gone(child, `the ${how} while it loaded ${file}${words}`, isFromOutside);
      });
    });
    this.#watchLoading();
  }

  #receive(message: FromWorker): void {
    this.#wasHeard = true;
    switch (message.type) {
      case "started":
        return this.send({ type: "load", options: this.#options.model });
      case "loading":
        this.#update({ loadProgress: message.progress });
        return this.#options.onLoadProgress(message.progress);
      case "loaded":
        return this.#loaded(message.model);
      case "load-failed":
        return this.#loadFailed(message.error);
      case "log":
        return this.#options.log(message.level, message.message);
      case "pong":
        if (message.stepAgeMs > this.#options.stepTimeoutMs)
          this.#kill(`a decode step has been running for ${Math.round(message.stepAgeMs)} ms`);
        return;
      case "computing":
      case "answered":
      case "refused":
        return this.questions.receive(message);
      case "saved":
        return this.#options.onSaved?.(message);
      case "step":
        return this.#options.onStep(message);
    }
  }

  #loaded(model: ModelInfo): void {
    this.#clearTimers();
    this.#update({ state: "ready", model, reason: null, loadProgress: 1 });
    this.#ready.resolve(model);
    this.#watchHeartbeat();
    this.#after(STABLE_AFTER_MS, () => {
      this.#crashesInARow = 0;
    });
  }

  #loadFailed(error: WireError): void {
    this.#update({ reason: error.message });
    const failed = loadFailure(error);
    this.#ready.reject(failed); // current callers fail; later callers wait for the next attempt
    this.#ready = deferred();
    if (!this.#status.model) this.#ready.reject(failed); // there is no next attempt
    this.#child?.kill("SIGKILL"); // its exit handler decides whether to retry
  }

  #watchLoading(): void {
    const { loadTimeoutMs } = this.#options;
    this.#after(loadTimeoutMs, () => {
      const message = `the model was not loaded within ${loadTimeoutMs / 1000} s (--load-timeout)`;
      this.#loadFailed({ code: "engine_unavailable", message });
    });
  }

  /** Counts ticks without a message, not time, so that a pause of this process or of the machine is not held against it. */
  #watchHeartbeat(): void {
    let silentTicks = 0;
    const timer = setInterval(() => {
      silentTicks = this.#wasHeard ? 0 : silentTicks + 1;
      this.#wasHeard = false;
      if (silentTicks > HEARTBEAT_TICKS) return this.#kill("it does not answer pings");
      this.send({ type: "ping" });
    }, this.#options.hangTimeoutMs / HEARTBEAT_TICKS);
    this.#timers.add(timer);
  }

  #gone(child: ChildProcess, what: string, isFromOutside = false): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#unsent = []; // these messages were for the ended worker
    this.#clearTimers();
    this.#update({ workerPid: null });
    const { state, model, reason } = this.#status;
    if (state === "closed") return this.#loseAll(shuttingDown(), isFromOutside);
    if (state === "ready") this.#ready = deferred();
    this.#crashesInARow += 1;
    const mayRestart = model !== null || (isFromOutside && this.#crashesInARow === 1); // then the file is not to blame
    const loading = model ? "restarting" : "loading";
    this.#update({ state: mayRestart ? loading : "failed", reason: reason ?? what });
    const error = new ServiceError("worker_crashed", `${what} while it worked on this request`);
    this.#loseAll(error, isFromOutside);
    if (mayRestart) return this.#restart(what);
    this.#ready.reject(new ServiceError("engine_unavailable", reason ?? what));
  }

  #loseAll(error: ServiceError, isFromOutside: boolean): void {
    const notify = guarded(this.#options.onExit, (bug) => this.#logBug(bug));
    notify({ error, isFromOutside, crashesInARow: this.#crashesInARow });
    this.questions.lose(error, { isFromOutside });
  }

  #restart(what: string): void {
    const backoffMs = BACKOFF_MS[Math.min(this.#crashesInARow, BACKOFF_MS.length) - 1] ?? 0;
    const delayMs = Math.min(backoffMs, this.#options.restartDelayMs);
    this.#update({ workerRestarts: this.#status.workerRestarts + 1 });
    this.#options.log("error", `${what}; a new one starts in ${delayMs} ms`);
    const spawn = () => this.#spawn();
    // fork() throws if there is no memory for another process. A later attempt may succeed.
    const spawnAgain = guarded(spawn, (error) => {
      this.#crashesInARow += 1;
      this.#restart(`cannot run the worker: ${(error as Error).message}`);
    });
    this.#after(delayMs, spawnAgain);
  }

  #logBug(error: unknown): void {
    this.#options.log("error", `bug: ${stackOf(error)}`);
  }

  #after(delayMs: number, action: () => void): void {
    const act = guarded(action, (error) => this.#logBug(error));
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, delayMs);
    this.#timers.add(timer);
  }

  #clearTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

function shuttingDown(): ServiceError {
  return new ServiceError("engine_unavailable", "the server is shutting down");
}
