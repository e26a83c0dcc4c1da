// One model of the fleet: its engine, the slots that requests wait for, and what the plan must know about it. fleet.ts tells it
// when to load and when to unload.

import type { LoadableEngine } from "../../engine/engine.ts";
import { type ServiceError, toServiceError } from "../../errors.ts";
import { type Deferred, deferred } from "../../generation/deferred.ts";
import type { MemoryUse } from "../../generation/memory-use.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";
import type { Demand } from "../../queue/fair-share.ts";
import type { GateRequest, Lane } from "../../queue/lane.ts";
import { FileWatch } from "./file-watch.ts";
import type { FleetLoadOptions, FleetModelOptions } from "./fleet-model-options.ts";
import type { PlanModel } from "./fleet-plan.ts";
import { LoadClock } from "./load-clock.ts";
import { LoadFailure } from "./load-failure.ts";
import { modelWait, type RequestInside } from "./model-wait.ts";

/** Loading without a request that waits for it. */
type Preload = { readonly demand: Demand; readonly loaded: Deferred<ModelInfo> };

type State = PlanModel<Demand>["state"];

export class FleetModel<E extends LoadableEngine = LoadableEngine> {
  readonly #options: FleetModelOptions<E>;
  readonly clock = new LoadClock();
  readonly #file: FileWatch;
  #state: State = "unloaded";
  #ended: Deferred<void> = deferred();
  /** Requests and questions that its process computes outside the slots. */
  #uses = 0;
  #info: ModelInfo | null = null;
  #described: ModelInfo | null = null;
  #memory: MemoryUse | null = null;
  #failure: LoadFailure | null = null;
  /** Whether it is unloaded as soon as its running requests have finished. */
  #mustUnload = false;
  #lastUsedMs = performance.now();
  #preload: Preload | null = null;

  constructor(options: FleetModelOptions<E>) {
    this.#options = options;
    this.#file = new FileWatch(options.fileIdentity);
  }

  get name(): string {
    return this.#options.name;
  }

  get fileName(): string {
    return this.#options.fileName;
  }

  get isGenerating(): boolean {
    return this.#options.isGenerating;
  }

  get isPinned(): boolean {
    return this.#options.isPinned;
  }

  get engine(): E {
    return this.#options.engine;
  }

  get lane(): Lane {
    return this.#options.lane;
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
    return this.engine.status().model ?? this.#info;
  }

  /** The facts that its file gives, if it was never loaded; null if they are not known either. */
  get described(): ModelInfo | null {
    return this.info ?? this.#described;
  }

  /** Takes over what was found out without loading it. @param info null if only its memory is known */
  learn(memory: MemoryUse, info: ModelInfo | null): void {
    this.#described = info;
    this.#memory ??= memory;
  }

  /** What it takes when it is loaded; null if that is not known yet. */
  get memory(): MemoryUse | null {
    return this.#memory;
  }

  /** Why it could not be loaded the last time; null if it could. */
  get failure(): ServiceError | null {
    return this.#failure?.error ?? null;
  }

  /** Requests that wait for it, at the gate or for a slot. */
  get waiting(): number {
    return this.lane.waiting;
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
      this.#refuseAfterFailure();
      this.#lastUsedMs = performance.now();
      const { info } = this; // also of a worker that was ended to stop its work, and starts again with its next
      if (this.lane.isOpen && info) return info;
      await this.lane.pass(request, { mayExpire: () => this.#state !== "loading" });
    }
  }

  /** Loads the model without a request. @throws ServiceError why it cannot be loaded */
  async preload(): Promise<ModelInfo> {
    if (this.#state === "ready" && this.info) return this.info;
    const demand = { owner: "", isFlex: false, arrivedAtMs: performance.now() };
    this.#preload ??= { demand, loaded: deferred() };
    this.#options.onChange();
    return this.#preload.loaded.promise;
  }

  /** What is next of all that waits for it; null if nothing does. */
  get demand(): Demand | null {
    return this.lane.demand ?? this.#preload?.demand ?? null;
  }

  /** Keeps a ready model loaded. @returns a function to call when it is not needed any more */
  hold(): () => void {
    this.#uses += 1;
    return () => {
      this.#uses -= 1;
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
    return this.#state === "draining" || (this.#state === "ready" && this.#mustUnload);
  }

  /** @param guess its memory as long as that is not known */
  planModel(guess: MemoryUse): PlanModel<Demand> {
    const { lane, inside, isPinned, idleUnloadMs } = this.#options;
    return {
      name: lane.name,
      state: this.#state,
      memory: this.#memory ?? guess,
      isBusy: this.isBusy,
      isClaimed: inside() > lane.atGate,
      demand: this.demand,
      isPinned,
      mustUnload: this.#mustUnload,
      idleUnloadMs: idleUnloadMs(),
      lastUsedMs: this.#lastUsedMs,
      keptUntilMs: this.clock.keptUntilMs,
    };
  }

  async load({ memoryLimit, isShare }: FleetLoadOptions): Promise<void> {
    const { engine, onChange } = this.#options;
    const knownMemory = this.#memory;
    this.#state = "loading";
    this.#mustUnload = false;
    const fileIdentity = this.#file.load();
    this.clock.start();
    try {
      this.#loaded(await engine.load({ memoryLimit }));
    } catch (thrown) {
      await engine.unload();
      this.#processEnded();
      const error = toServiceError(thrown);
      this.#memory = error.memory ?? knownMemory;
      // The first attempt may only have found out how much memory it needs: the fleet loads it again, or refuses it.
      const mayRetry = isShare && knownMemory === null && error.memory !== null;
      if (!mayRetry) this.#fail(error, fileIdentity);
    }
    onChange();
  }

  #loaded(info: ModelInfo): void {
    this.clock.ready();
    this.#info = info;
    this.#memory = info.memory;
    this.#failure = null;
    this.#lastUsedMs = performance.now();
    this.#preload?.loaded.resolve(info);
    this.#preload = null;
    this.keep();
  }

  /** Gives out slots, also after a drain that is not needed any more. */
  keep(): void {
    this.#state = "ready";
    this.lane.open();
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

  /** Refuses the requests that wait for it, without an attempt to load it. */
  refuse(error: ServiceError): void {
    this.#fail(error, this.#file.identity);
  }

  #fail(error: ServiceError, fileIdentity: string | null): void {
    this.#failure = new LoadFailure(error, fileIdentity);
    this.#options.refuseWaiting(this.#failure.repeated());
    this.#preload?.loaded.reject(error);
    this.#preload = null;
  }

  #refuseAfterFailure(): void {
    if (!this.#failure) return;
    if (!this.#failure.mayRetry(this.#file.identity)) throw this.#failure.repeated();
    this.#failure = null;
    this.#memory = null;
  }

  /** A file that changed is loaded anew. Requests that run finish with the old one. */
  #noticeNewFile(): void {
    if (this.#state !== "ready" || !this.#file.hasChanged) return;
    this.#memory = null;
    this.drain(); // at once, so that the request that noticed it waits for the new file
    this.requestUnload();
  }
}
