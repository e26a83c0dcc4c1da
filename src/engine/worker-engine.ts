// The engine that uses a worker process: sends requests and questions to it, and passes its events on to them. Each load of the
// model starts a new process.

import type { GenerateEvent, StepLoad } from "../generation/events.ts";
import { type KvTokens, type ModelInfo, NO_KV_TOKENS } from "../generation/model-info.ts";
import type { AnswerTo, Question } from "../generation/questions.ts";
import type { PreparedRequest } from "../generation/request.ts";
import { Crashes, type WorkerLoss } from "./crashes.ts";
import type {
  Engine,
  EngineStatus,
  GenerateOptions,
  ModelLoadOptions,
  PendingAnswer,
} from "./engine.ts";
import { generateInRuns } from "./generate-in-runs.ts";
import type { StepEvent } from "./messages.ts";
import { ModelWorker, type WorkerOptions } from "./model-worker.ts";
import { RemoteRun, type RemoteRunOptions, type RunStart } from "./remote-run.ts";
import { SuspectGate } from "./suspect-gate.ts";

export type WorkerEngineOptions = WorkerOptions &
  Pick<RemoteRunOptions, "streamBufferBytes" | "parkTimeoutMs" | "onWastedTokens"> & {
    /** Called after each decode step. */
    readonly onLoad: (load: StepLoad) => void;
  };

export class WorkerEngine implements Engine {
  readonly #options: WorkerEngineOptions;
  readonly #worker: ModelWorker;
  readonly #gate = new SuspectGate();
  readonly #runs = new Map<string, RemoteRun>();
  #lastLoss: WorkerLoss | null = null;
  #kvTokens: KvTokens = NO_KV_TOKENS;
  #nextId = 0;

  constructor(options: WorkerEngineOptions) {
    this.#options = options;
    this.#worker = new ModelWorker({
      ...options,
      onStep: ({ events, loads, kvTokens }) => {
        this.#kvTokens = kvTokens;
        for (const event of events) this.#receive(event);
        for (const load of loads) options.onLoad(load);
      },
      onExit: (loss) => this.#loseAll(loss),
    });
  }

  load(options: ModelLoadOptions): Promise<ModelInfo> {
    return this.#worker.load(options);
  }

  unload(): Promise<void> {
    return this.#worker.unload();
  }

  status(): EngineStatus {
    return { ...this.#worker.status, kvTokens: this.#kvTokens };
  }

  /** If the worker dies, the question is asked again while it is alone in the worker, so that it affects no other request. */
  ask<Q extends Question>(
    question: Q,
    { signal }: { readonly signal: AbortSignal },
  ): PendingAnswer<Q> {
    const costs: Promise<number>[] = [];
    const answer = this.#askSurviving(question, signal, costs);
    const total = async () => (await Promise.all(costs)).reduce((sum, ms) => sum + ms, 0);
    return { answer, costMs: answer.then(total, total) };
  }

  /** @param costs receives the cost of each attempt */
  async #askSurviving<Q extends Question>(
    question: Q,
    signal: AbortSignal,
    costs: Promise<number>[],
  ): Promise<AnswerTo<Q>> {
    const crashes = new Crashes();
    for (;;) {
      const isProving = crashes.count > 0;
      const leaveGate = isProving ? await this.#gate.enter({ isSuspect: true, signal }) : () => {};
      try {
        const { questions } = await this.#worker.ready(signal);
        const { answer, costMs } = questions.ask(question, signal);
        costs.push(costMs);
        return await answer;
      } catch (error) {
        const loss = this.#lastLoss?.error === error ? this.#lastLoss : null;
        if (!crashes.mayRetry(error, { loss, isProving })) throw error;
      } finally {
        void Promise.all(costs).then(leaveGate); // an aborted question may still kill the worker
      }
    }
  }

  generate(
    request: PreparedRequest,
    { signal, lease, deadline = new AbortController().signal, cacheScope = "" }: GenerateOptions,
  ): AsyncGenerator<GenerateEvent, void, undefined> {
    const waits = AbortSignal.any([signal, deadline]);
    const newRun = (start: RunStart) => {
      this.#nextId += 1;
      const id = `r${this.#nextId}`;
      const run: RemoteRun = new RemoteRun({
        ...this.#options,
        id,
        request,
        start,
        signal,
        lease,
        deadline,
        cacheScope,
        enterGate: (isSuspect) => this.#gate.enter({ isSuspect, signal: waits }),
        enterWorker: async () => {
          await this.#worker.ready(waits);
          this.#runs.set(id, run);
        },
        isGateWanted: () => this.#gate.isReserved,
        send: (message) => this.#worker.send(message),
        onEnded: () => this.#runs.delete(id),
      });
      return run;
    };
    return generateInRuns(newRun, { request, lease, deadline });
  }

  close(): Promise<void> {
    return this.#worker.close();
  }

  #receive(event: StepEvent): void {
    const run = this.#runs.get(event.id);
    try {
      run?.receive(event);
    } catch (error) {
      run?.fail(error); // fails only this request
    }
  }

  #loseAll(loss: WorkerLoss): void {
    this.#lastLoss = loss;
    this.#kvTokens = NO_KV_TOKENS;
    for (const run of this.#runs.values()) {
      try {
        run.lose(loss);
      } catch (error) {
        run.fail(error); // the other requests must still be informed
      }
    }
  }
}
