// One model of the fleet: its engine, the slots that requests wait for, and what the plan must know about it. fleet.ts tells it
// when to load and when to unload.

import type { LoadableEngine } from "../../engine/engine.ts";
import { type ServiceError, toServiceError } from "../../errors.ts";
import { type Deferred, deferred } from "../../generation/deferred.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";
import type { Demand } from "../../queue/fair-share.ts";
import type { GateRequest, Lane } from "../../queue/lane.ts";
import { FileWatch } from "./file-watch.ts";
import type { FleetLoadOptions, FleetModelOptions } from "./fleet-model-options.ts";
import type { PlanModel } from "./fleet-plan.ts";
import { LoadClock } from "./load-clock.ts";
import { LoadFailure } from "./load-failure.ts";
import { ModelFacts } from "./model-facts.ts";
import { modelWait, type RequestInside } from "./model-wait.ts";
import { Preload } from "./preload.ts";

type State = PlanModel<Demand>["state"];

export class FleetModel<E extends LoadableEngine = LoadableEngine> {
  readonly #options: FleetModelOptions<E>;
  readonly name: string;
  readonly servedModel: string;
  readonly isGenerating: boolean;
  readonly isPinned: boolean;
  readonly engine: E;
  readonly lane: Lane;
  readonly clock = new LoadClock();
  readonly facts: ModelFacts;
  readonly #file: FileWatch;
  #state: State = "unloaded";
  #ended: Deferred<void> = deferred();
  /** Requests and questions that its process computes outside the slots. */
  #uses = 0;
  #failure: LoadFailure | null = null;
  /** Whether it is unloaded as soon as its running requests have finished. */
  #mustUnload = false;
  /** Whether its file has changed since it was loaded. */
  #isOutdated = false;
  /** Why it takes no more requests; null if it does. */
  #retired: ServiceError | null = null;
  #lastUsedMs = performance.now();
  readonly #preload = new Preload();

  constructor(options: FleetModelOptions<E>) {
    this.#options = options;
    this.name = options.name;
    this.servedModel = options.servedModel;
    this.isGenerating = options.isGenerating;
    this.isPinned = options.isPinned;
    this.engine = options.engine;
    this.lane = options.lane;
    this.facts = new ModelFacts(options);
    this.#file = new FileWatch(options.fileIdentity);
  }

  /** Of all models of the fleet. One with changed settings has the name of the one that it replaces, but another lane. */
  get key(): string {
    return `${this.isGenerating} ${this.lane.name}`;
  }

  get state(): State {
    return this.#state;
  }

  /** Resolves when its process has ended; at once if it has none. */
  get ended(): Promise<void> {
    return this.#state === "unloaded" ? Promise.resolve() : this.#ended.promise;
  }

  /** Whether its process is computing for a request. */
  get isBusy(): boolean {
    return this.#uses > 0 || this.lane.busy > 0;
  }

  /** The facts from the last time it was loaded; null if it never was. */
  get info(): ModelInfo | null {
    return this.engine.status().model ?? this.facts.loaded;
  }

  /** Why it could not be loaded the last time; null if it could. */
  get failure(): ServiceError | null {
    return this.#failure?.error ?? null;
  }

  get lastUsedMs(): number {
    return this.#lastUsedMs;
  }

  /** When it is unloaded if no request comes; null for never. By `performance.now()`. */
  get idleEndMs(): number | null {
    const idleUnloadMs = this.#options.idleUnloadMs();
    if (idleUnloadMs === null || this.isPinned || this.#state !== "ready") return null;
    return this.#lastUsedMs + idleUnloadMs;
  }

  /**
   * Waits until the model is loaded, which it causes. The caller must not await anything before it uses the model.
   * @throws ServiceError why it cannot be loaded, or the signal's reason
   */
  async ready(request: GateRequest): Promise<ModelInfo> {
    this.#noticeNewFile();
    for (;;) {
      if (this.#retired) throw this.#retired;
      this.#refuseAfterFailure();
      this.#lastUsedMs = performance.now();
      const { info } = this; // also of a worker that was ended to stop its work, and starts again with its next
      if (this.lane.isGateOpen && info) return info;
      await this.lane.pass(request, { mayExpire: () => this.#state !== "loading" });
    }
  }

  /** Loads the model without a request. @throws ServiceError why it cannot be loaded */
  async preload(): Promise<ModelInfo> {
    if (this.#state === "ready" && this.info) return this.info;
    const loaded = this.#preload.start();
    this.#options.onChange();
    return loaded;
  }

  /** What is next of all that waits for it; null if nothing does, and while its file is read. */
  get demand(): Demand | null {
    return this.facts.isReading ? null : (this.lane.demand ?? this.#preload.demand);
  }

  /** Whether only its file can say what it takes, and was not asked. */
  get isUnknown(): boolean {
    return this.#state === "unloaded" && this.facts.mayRead;
  }

  /** Finds out from the file what it takes. A file that cannot be used is a failure to load it. */
  async describe(): Promise<void> {
    const { identity } = this.#file;
    const error = await this.facts.read();
    if (error) this.#fail(error, identity);
    this.#options.onChange();
  }

  /** Keeps a ready model loaded. @returns a function to call with the milliseconds that it computed for the request */
  hold(request: Demand): (costMs: number) => void {
    this.#uses += 1;
    return (costMs) => {
      this.#uses -= 1;
      this.#options.charge(request, costMs);
      this.#lastUsedMs = performance.now();
      this.#options.onChange();
    };
  }

  /** What a request is told that waits for the model; null while the model is ready. */
  waitStatus(request: RequestInside): WaitingStatus | null {
    return modelWait(request, {
      lane: this.lane,
      engine: this.engine.status(),
      isLoading: this.#state === "loading",
      loadEtaMs: this.clock.etaMs,
    });
  }

  /** Whether there may be something to decide about it, besides its idle time. */
  get needsPlan(): boolean {
    if (this.#state === "unloaded") return this.demand !== null;
    return this.#state === "draining" || this.#mustUnload || this.#isOutdated;
  }

  /** Whether a request that passed the gate has not ended. */
  get isClaimed(): boolean {
    return this.#options.inside() > this.lane.placesAtGate;
  }

  planModel(): PlanModel<Demand> {
    const { isPinned, idleUnloadMs } = this.#options;
    const { isBusy, isClaimed } = this;
    const isInUse = isBusy || isClaimed;
    const isEnding = this.#isOutdated || this.#retired !== null;
    return {
      key: this.key,
      state: this.#state,
      memory: this.facts.expectedMemory,
      isBusy,
      isClaimed,
      demand: this.demand,
      isPinned: isPinned || (this.#isOutdated && isInUse), // its requests cannot continue with the new file
      mustUnload: this.#mustUnload || (isEnding && !isInUse),
      idleUnloadMs: idleUnloadMs(),
      lastUsedMs: this.#lastUsedMs,
      keptUntilMs: this.clock.keptUntilMs,
    };
  }

  async load({ memoryLimit, isShare }: FleetLoadOptions): Promise<void> {
    const { engine, onChange } = this.#options;
    const knownMemory = this.facts.memory;
    this.#state = "loading";
    this.#mustUnload = false;
    this.#isOutdated = false;
    const fileIdentity = this.#file.load();
    this.clock.start();
    try {
      this.#loaded(await engine.load({ memoryLimit }));
    } catch (thrown) {
      await engine.unload();
      this.#processEnded();
      const error = toServiceError(thrown);
      if (error.memory) this.facts.needs(error.memory);
      // The first attempt may only have found out how much memory it needs: the fleet loads it again, or refuses it.
      const mayRetry = isShare && knownMemory === null && error.memory !== null;
      if (!mayRetry) this.#fail(error, fileIdentity);
    }
    onChange();
  }

  #loaded(info: ModelInfo): void {
    this.clock.ready();
    this.facts.load(info);
    this.#failure = null;
    this.#lastUsedMs = performance.now();
    this.#preload.succeed(info);
    this.keep();
  }

  /** Gives out slots, also after a drain that is not needed any more. */
  keep(): void {
    this.#state = "ready";
    this.lane.open();
    if (this.#retired) this.lane.closeGate();
  }

  /** Gives out no more slots. Running requests finish. */
  drain(): void {
    this.lane.close();
    this.#state = "draining";
  }

  /** Ends the process of a drained model. */
  async unload(): Promise<void> {
    this.#state = "unloading";
    await this.engine.unload();
    this.#mustUnload = false;
    if (this.#isOutdated) this.facts.forgetMemory();
    this.#processEnded();
    this.#options.onChange();
  }

  #processEnded(): void {
    this.#state = "unloaded";
    this.#ended.resolve();
    this.#ended = deferred();
  }

  async close(): Promise<void> {
    this.lane.close();
    await this.engine.close();
    this.#options.onClosed();
  }

  /** The plan then unloads it when its running requests have finished. Requests that wait for it load it again. */
  requestUnload(): void {
    if (this.#state === "unloaded" || this.#state === "unloading") return;
    this.#mustUnload = true;
    this.#options.onChange();
  }

  /** Takes no more requests, and is unloaded when those that have passed the gate have finished. @param error for the others */
  retire(error: ServiceError): void {
    this.#retired = error;
    this.lane.closeGate();
    this.lane.refuse(error);
    this.#preload.fail(error);
  }

  /** Whether it takes no more requests and none is left. */
  get isFinished(): boolean {
    return this.#retired !== null && this.#state === "unloaded" && !this.isClaimed;
  }

  /** Fails the requests that wait for it. */
  #fail(error: ServiceError, fileIdentity: string | null): void {
    this.#failure = new LoadFailure(error, fileIdentity);
    this.#options.refuseWaiting(this.#failure.repeated());
    this.#preload.fail(error);
  }

  #refuseAfterFailure(): void {
    if (!this.#failure) return;
    if (!this.#failure.mayRetry(this.#file.identity)) throw this.#failure.repeated();
    this.#failure = null;
    this.facts.forgetMemory();
  }

  /** A file that changed is loaded again. Requests that have passed the gate finish with the old one, for which they were prepared. */
  #noticeNewFile(): void {
    if (this.#state !== "ready" || !this.#file.hasChanged) return;
    this.#isOutdated = true;
    this.lane.closeGate(); // at once, so that the request that noticed it waits for the new file
    this.#options.onChange();
  }
}
