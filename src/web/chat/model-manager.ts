// The state of the models panel while it is open: what is being done to models, and the downloads. Polled while something is in
// progress. The models themselves are part of the server's status.

import { Listeners } from "../browser/listeners.ts";
import {
  cancelPull,
  changeModel,
  isRunning,
  listPulls,
  type ModelCallKind,
  type ModelPull,
  startPull,
} from "../client/model-calls.ts";
import type { Server } from "../client/server.ts";
import { ServerError } from "../client/server-error.ts";
import type { ServerStatus } from "./server-status.ts";

export type ManagerState = {
  /** The newest download of each model, unless it was cancelled or is done; the newest first. */
  readonly pulls: readonly ModelPull[];
  /** What is being done to a model, by its id. */
  readonly working: ReadonlyMap<string, ModelCallKind>;
  /** Why the last action on a model failed, by its id. */
  readonly problems: ReadonlyMap<string, string>;
  /** Why the last download could not be started or cancelled; null if it could. */
  readonly pullProblem: string | null;
  /** What was done last, for screen readers. */
  readonly notice: string;
};

const POLL_MS = 1_000;
const DONE: Readonly<Record<ModelCallKind, string>> = {
  load: "loaded",
  unload: "unloaded",
  delete: "deleted",
};

export class ModelManager {
  readonly #server: Server;
  readonly #status: Pick<ServerStatus, "refresh">;
  readonly #listeners = new Listeners();
  readonly #closing = new AbortController();
  #state: ManagerState = {
    pulls: [],
    working: new Map(),
    problems: new Map(),
    pullProblem: null,
    notice: "",
  };
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Number of polls. Only the result of the newest counts. */
  #polls = 0;

  constructor(server: Server, status: Pick<ServerStatus, "refresh">) {
    this.#server = server;
    this.#status = status;
  }

  readonly subscribe = this.#listeners.subscribe;

  readonly get = (): ManagerState => this.#state;

  /** Ends the polls. What the server has begun goes on there. */
  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
  }

  /** Polls now, and again while something is in progress. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    this.#polls += 1;
    const poll = this.#polls;
    const [pulls] = await Promise.all([
      listPulls(this.#server).catch(() => null), // the status says why
      this.#status.refresh(),
    ]);
    if (poll !== this.#polls || this.#isClosed) return;
    if (pulls) this.#takePulls(pulls);
    this.#pollSoon();
  }

  /** Resolves when it is done or has failed; the state says which. */
  async change(action: ModelCallKind, id: string): Promise<void> {
    const { working, problems } = this.#state;
    if (working.has(id)) return;
    this.#set({ working: new Map(working).set(id, action), problems: without(problems, id) });
    this.#pollSoon();
    try {
      await changeModel(this.#server, { action, id, signal: this.#closing.signal });
      this.#set({ notice: `${id} is ${DONE[action]}.` });
    } catch (error) {
      if (this.#isClosed) return;
      this.#set({ problems: new Map(this.#state.problems).set(id, messageOf(error)) });
    }
    await this.#status.refresh();
    this.#set({ working: without(this.#state.working, id) });
  }

  /** @returns whether the download was started */
  async pull(model: string): Promise<boolean> {
    return await this.#changePulls(async () => {
      const pull = await startPull(this.#server, model);
      const others = this.#state.pulls.filter((each) => each.model !== pull.model);
      this.#set({ pulls: [pull, ...others], notice: `Downloading ${pull.model}.` });
    });
  }

  async cancel(id: string): Promise<void> {
    await this.#changePulls(() => cancelPull(this.#server, id));
  }

  async #changePulls(change: () => Promise<void>): Promise<boolean> {
    this.#set({ pullProblem: null });
    try {
      await change();
    } catch (error) {
      this.#set({ pullProblem: messageOf(error) });
      return false;
    }
    void this.refresh();
    return true;
  }

  #takePulls(all: readonly ModelPull[]): void {
    const running = new Set(this.#state.pulls.filter(isRunning).map(({ id }) => id));
    const ended = all.filter((pull) => running.has(pull.id) && !isRunning(pull));
    const notice = ended.map(endNotice).join(" ");
    this.#set({ pulls: shownPulls(all), ...(notice === "" ? {} : { notice }) });
    if (ended.length > 0) void this.#status.refresh(); // the poll at the same time may have missed the new model
  }

  #pollSoon(): void {
    clearTimeout(this.#timer);
    const { pulls, working } = this.#state;
    if (this.#isClosed || (working.size === 0 && !pulls.some(isRunning))) return;
    this.#timer = setTimeout(() => void this.refresh(), POLL_MS);
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  #set(change: Partial<ManagerState>): void {
    this.#state = { ...this.#state, ...change };
    this.#listeners.notify();
  }
}

function endNotice({ status, name, model, problem }: ModelPull): string {
  if (status === "done") return `${name ?? model} is downloaded.`;
  if (status === "failed") return `The download of ${model} failed: ${problem ?? ""}`;
  return "The download was cancelled.";
}

/** @param all the oldest first */
function shownPulls(all: readonly ModelPull[]): readonly ModelPull[] {
  const newestFirst = all.toReversed();
  return newestFirst.filter(
    (pull) =>
      (isRunning(pull) || pull.status === "failed") &&
      newestFirst.find(({ model }) => model === pull.model) === pull,
  );
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  return new Map([...map].filter(([each]) => each !== key));
}

function messageOf(error: unknown): string {
  if (error instanceof ServerError) return error.message;
  return "The server did not answer in time.";
}
