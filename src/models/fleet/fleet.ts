// The models that this process serves: loads them when requests wait for them, and unloads them when others need the memory.
// What to do is decided by fleet-plan.ts; this file carries it out.

import type { ServiceError } from "../../errors.ts";
import { type Deferred, deferred } from "../../generation/deferred.ts";
import { addMemory, fitsInto, type MemoryUse, NO_MEMORY } from "../../generation/memory-use.ts";
import type { Demand } from "../../queue/fair-share.ts";
import type { FleetModel } from "./fleet-model.ts";
import { type PlanAction, planFleet } from "./fleet-plan.ts";
import type { MemoryBudget } from "./memory-budget.ts";

export type FleetOptions = {
  readonly budget: () => MemoryBudget;
  /** Whether one request precedes another by the fair shares. */
  readonly isAhead: (one: Demand, other: Demand) => boolean;
  /** Charges the share of a key in that order. */
  readonly charge: (request: Demand, tokens: number) => void;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
};

export class Fleet {
  readonly #options: FleetOptions;
  /** By key. */
  readonly #models = new Map<string, FleetModel>();
  /** Models to forget when they are unloaded. */
  readonly #leaving = new Map<FleetModel, Deferred<void>>();
  #isPlanned = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get models(): readonly FleetModel[] {
    return [...this.#models.values()];
  }

  /** Memory of the models that are loaded, being loaded, or ending. */
  get memory(): MemoryUse {
    return this.models
      .filter(({ state }) => state !== "unloaded")
      .reduce((sum, { facts }) => addMemory(sum, facts.expectedMemory), NO_MEMORY);
  }

  /** What they may take together. */
  get budget(): MemoryUse {
    return this.#options.budget().total;
  }

  /** The models that generate, among which the memory is divided. */
  get count(): number {
    return this.models.filter(({ isGenerating }) => isGenerating).length;
  }

  /** Memory that cannot be freed. */
  get pinnedMemory(): MemoryUse {
    return this.models
      .filter(({ isPinned, state }) => isPinned && state !== "unloaded")
      .reduce((sum, { facts }) => addMemory(sum, facts.memory ?? NO_MEMORY), NO_MEMORY);
  }

  /** Whether a model that takes so much could be loaded if all that are not pinned were unloaded. */
  fits(memory: MemoryUse): boolean {
    return fitsInto(memory, this.#options.budget().beside(this.pinnedMemory));
  }

  add(model: FleetModel): void {
    this.#models.set(model.key, model);
  }

  /**
   * Forgets the model, after it has finished the requests that it has accepted. Others fail with the error.
   * @returns a promise that resolves when the model is unloaded and forgotten
   */
  remove(model: FleetModel, error: ServiceError): Promise<void> {
    const forgotten = this.#leaving.get(model) ?? deferred();
    this.#leaving.set(model, forgotten);
    model.retire(error);
    this.plan();
    return forgotten.promise;
  }

  /** Decides soon what to load and what to unload. Call it after every change. */
  readonly plan = (): void => {
    if (this.#isPlanned || this.#isClosed || !this.#hasWork) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      if (!this.#isClosed) this.#carryOut();
    });
  };

  /** Cheap, because it is asked whenever a slot becomes free: usually there is nothing to decide. */
  get #hasWork(): boolean {
    if (this.#leaving.size > 0) return true;
    for (const model of this.#models.values())
      if (model.needsPlan || (this.#timer === undefined && model.idleEndMs !== null)) return true;
    return false;
  }

  /**
   * Counts work that the queue of answers does not count, such as loads, questions and embeddings, for the order in which models
   * are loaded: but only while requests wait for memory, because otherwise it delays nobody.
   * @param cost in tokens, of which a millisecond of computing counts as one
   */
  readonly charge = (request: Demand, cost: number): void => {
    if (this.#isContended) this.#options.charge(request, cost);
  };

  /** Whether requests wait for a model that is not loaded. */
  get #isContended(): boolean {
    return this.models.some(
      ({ state, demand }) => state !== "ready" && state !== "loading" && demand !== null,
    );
  }

  /** Fails the requests that wait until a model is loaded. */
  refuse(error: ServiceError): void {
    for (const { lane } of this.models) lane.refuse(error);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await Promise.all(this.models.map((model) => model.close()));
  }

  #carryOut(): void {
    for (const model of this.models) {
      if (this.#mustDescribe(model)) void model.describe();
      else if (this.#isTooLarge(model)) this.#load(model);
    }
    const { budget, isAhead } = this.#options;
    const { actions, againAtMs } = planFleet(
      this.models.map((model) => model.planModel()),
      { budget: budget().total, nowMs: performance.now(), isAhead },
    );
    for (const action of actions) this.#act(action);
    for (const model of this.models) this.#endDrained(model);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (againAtMs === null) return;
    const planAgain = () => {
      this.#timer = undefined;
      this.plan();
    };
    this.#timer = setTimeout(planAgain, Math.max(1, againAtMs - performance.now())).unref();
  }

  #act({ type, key }: PlanAction): void {
    const model = this.#models.get(key);
    if (!model) return;
    switch (type) {
      case "load":
        return this.#load(model);
      case "drain":
        return model.drain();
      case "keep":
        return model.keep();
    }
  }

  #load(model: FleetModel): void {
    const { budget, log } = this.#options;
    const { name } = model;
    log("info", `loading ${name}`);
    const { share, expectedMemory } = model.facts;
    const isShare = fitsInto(expectedMemory, share);
    // The first attempt of a model for embeddings finds out what it needs, in the memory that is free.
    const least = model.isGenerating ? share : budget().beside(this.memory);
    const memoryLimit = isShare ? least : budget().beside(this.pinnedMemory);
    const { demand } = model;
    const startedAtMs = performance.now();
    void model.load({ memoryLimit, isShare }).then(() => {
      if (demand) this.charge(demand, performance.now() - startedAtMs);
      if (model.failure) log("error", `${name}: ${model.failure.message}`);
      else if (model.state === "ready") log("info", `${name} is loaded`);
    });
  }

  #endDrained(model: FleetModel): void {
    const { log } = this.#options;
    if (model.state === "draining" && !model.isBusy) {
      log("info", `unloading ${model.name}`);
      model.unload().catch((error: Error) => log("error", `unloading failed: ${error.message}`));
    }
    const forgotten = this.#leaving.get(model);
    if (model.isFinished && forgotten) this.#forget(model, forgotten);
  }

  #forget(model: FleetModel, forgotten: Deferred<void>): void {
    this.#leaving.delete(model);
    this.#models.delete(model.key);
    model.close().catch(() => {}); // nothing is loaded
    forgotten.resolve();
  }

  /** Whether other models would have to make room for a model of which it is not known that it can be loaded. */
  #mustDescribe({ isUnknown, demand, facts }: FleetModel): boolean {
    if (!isUnknown || demand === null) return false;
    return !fitsInto(addMemory(this.memory, facts.share), this.#options.budget().total);
  }

  /** Whether requests wait for a model that never fits. Its worker refuses it before the weights are loaded, with the figures. */
  #isTooLarge({ state, demand, facts }: FleetModel): boolean {
    if (state !== "unloaded" || demand === null || facts.memory === null) return false;
    return !this.fits(facts.memory);
  }
}
