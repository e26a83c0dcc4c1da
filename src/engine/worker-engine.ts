// The engine that uses a worker process: sends requests and questions to it, and passes its events on to them.

import { abortReason } from "../errors.ts";
import { type Deferred, deferred, orAborted } from "../generation/deferred.ts";
import type { GenerateEvent, StepLoad } from "../generation/events.ts";
import type { ModelInfo } from "../generation/model-info.ts";
import type { AnswerTo, Question } from "../generation/questions.ts";
import type { PreparedRequest } from "../generation/request.ts";
import { Crashes } from "./crashes.ts";
import type { Engine, EngineStatus, GenerateOptions, PendingAnswer } from "./engine.ts";
import { generateInRuns } from "./generate-in-runs.ts";
import { type FromWorker, fromWireError, type StepEvent } from "./messages.ts";
import { QuestionCost } from "./question-cost.ts";
import { RemoteRun, type RemoteRunOptions, type RunStart } from "./remote-run.ts";
import { SuspectGate } from "./suspect-gate.ts";
import { type WorkerLoss, WorkerProcess, type WorkerProcessOptions } from "./worker-process.ts";

export type WorkerEngineOptions = Omit<WorkerProcessOptions, "onMessage" | "onExit"> &
  Pick<RemoteRunOptions, "parkTimeoutMs" | "onWastedTokens"> & {
    /** Maximum weight of the deltas that wait for a stream's reader before the stream is parked; see `weightOf()`. */
    readonly streamBufferBytes: number;
    /** Called after each decode step. */
    readonly onLoad: (load: StepLoad) => void;
  };

type OpenQuestion = {
  readonly answer: Deferred<AnswerTo<Question>>;
  readonly endCost: ReturnType<QuestionCost["begin"]>;
};

export class WorkerEngine implements Engine {
  readonly #options: WorkerEngineOptions;
  readonly #worker: WorkerProcess;
  readonly #gate = new SuspectGate();
  readonly #runs = new Map<string, RemoteRun>();
  readonly #asked = new Map<string, OpenQuestion>();
  #lastLoss: WorkerLoss | null = null;
  #nextId = 0;

  constructor(options: WorkerEngineOptions) {
    this.#options = options;
    this.#worker = new WorkerProcess({
      ...options,
      onMessage: (message) => this.#receive(message),
      onExit: (loss) => this.#loseAll(loss),
    });
  }

  get firstLoad(): Promise<ModelInfo> {
    return this.#worker.firstLoad;
  }

  status(): EngineStatus {
    return this.#worker.status;
  }

  /** If the worker dies, the question is asked again while it is alone in the worker, so that it affects no other request. */
  ask<Q extends Question>(
    question: Q,
    { signal }: { readonly signal: AbortSignal },
  ): PendingAnswer<Q> {
    const cost = new QuestionCost();
    const answer = this.#askSurviving(question, signal, cost);
    const whenKnown = () => cost.whenKnown();
    return { answer, costMs: answer.then(whenKnown, whenKnown) };
  }

  async #askSurviving<Q extends Question>(
    question: Q,
    signal: AbortSignal,
    cost: QuestionCost,
  ): Promise<AnswerTo<Q>> {
    const crashes = new Crashes();
    for (;;) {
      const isProving = crashes.count > 0;
      const leaveGate = isProving ? await this.#gate.enter({ isSuspect: true, signal }) : () => {};
      try {
        return await this.#askOnce(question, signal, cost);
      } catch (error) {
        const loss = this.#lastLoss?.error === error ? this.#lastLoss : null;
        if (!crashes.mayRetry(error, { loss, isProving })) throw error;
      } finally {
        void cost.whenKnown().then(leaveGate); // an aborted question may still kill the worker
      }
    }
  }

  generate(
    request: PreparedRequest,
    { signal, lease, deadline = new AbortController().signal, cacheScope = "" }: GenerateOptions,
  ): AsyncGenerator<GenerateEvent, void, undefined> {
    const waits = AbortSignal.any([signal, deadline]);
    const options = { signal, lease, deadline, cacheScope, waits };
    const newRun = (start: RunStart) => this.#newRun(request, start, options);
    return generateInRuns(newRun, { request, lease, deadline });
  }

  #newRun(
    request: PreparedRequest,
    start: RunStart,
    { waits, ...options }: Required<GenerateOptions> & { waits: AbortSignal },
  ): RemoteRun {
    const { streamBufferBytes, parkTimeoutMs, onWastedTokens } = this.#options;
    const id = this.#newId();
    const run: RemoteRun = new RemoteRun({
      ...options,
      id,
      request,
      start,
      bufferBytes: streamBufferBytes,
      parkTimeoutMs,
      onWastedTokens,
      enterGate: (isSuspect) => this.#gate.enter({ isSuspect, signal: waits }),
      enterWorker: async () => {
        await this.#ready(waits);
        this.#runs.set(id, run);
      },
      isGateWanted: () => this.#gate.isReserved,
      send: (message) => this.#worker.send(message),
      onEnded: () => this.#runs.delete(id),
    });
    return run;
  }

  async close(): Promise<void> {
    await this.#worker.close();
  }

  async #askOnce<Q extends Question>(
    question: Q,
    signal: AbortSignal,
    cost: QuestionCost,
  ): Promise<AnswerTo<Q>> {
    await this.#ready(signal);
    if (signal.aborted) throw abortReason(signal);
    const id = this.#newId();
    const answer = deferred<AnswerTo<Question>>();
    this.#asked.set(id, { answer, endCost: cost.begin() });
    const onAbort = () => this.#worker.send({ type: "abort", id });
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#worker.send({ type: "ask", id, question });
      return (await orAborted(answer.promise, signal)) as AnswerTo<Q>; // the answer has the question's type
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** The worker is ready when this resolves. The caller must not await anything else before it uses the worker. */
  async #ready(signal: AbortSignal): Promise<void> {
    while (this.#worker.status.state !== "ready") await orAborted(this.#worker.ready(), signal);
  }

  #receive(message: FromWorker): void {
    if (message.type === "step") {
      for (const event of message.events) this.#receiveEvent(event);
      for (const load of message.loads) this.#options.onLoad(load);
    }
    if (message.type === "answered" || message.type === "refused") this.#receiveAnswer(message);
  }

  /** Adds the cost even if the question was aborted meanwhile. */
  #receiveAnswer(message: Extract<FromWorker, { type: "answered" | "refused" }>): void {
    const open = this.#asked.get(message.id);
    if (!open) return;
    this.#asked.delete(message.id);
    open.endCost(message.ms);
    if (message.type === "answered") open.answer.resolve(message.answer);
    else open.answer.reject(fromWireError(message.error));
  }

  #receiveEvent(event: StepEvent): void {
    const run = this.#runs.get(event.id);
    try {
      run?.receive(event);
    } catch (error) {
      run?.fail(error); // fails only this request
    }
  }

  #loseAll(loss: WorkerLoss): void {
    this.#lastLoss = loss;
    for (const run of this.#runs.values()) {
      try {
        run.lose(loss);
      } catch (error) {
        run.fail(error); // the other requests must still be informed
      }
    }
    for (const { answer, endCost } of this.#asked.values()) {
      endCost(0);
      answer.reject(loss.error);
    }
    this.#asked.clear();
  }

  #newId(): string {
    this.#nextId += 1;
    return `r${this.#nextId}`;
  }
}
