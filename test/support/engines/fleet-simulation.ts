// Simulates clients, keys and models in fake time, with the real queue and the real fleet: only loading and computing are pauses. A
// token takes a millisecond. Call it with vi.useFakeTimers().

import { vi } from "vitest";
import type { LoadableEngine } from "../../../src/engine/engine.ts";
import type { ServiceError } from "../../../src/errors.ts";
import type { ModelInfo } from "../../../src/generation/model-info.ts";
import { Tally } from "../../../src/generation/tally.ts";
import { ANONYMOUS } from "../../../src/keys/caller.ts";
import { Fleet } from "../../../src/models/fleet/fleet.ts";
import { FleetModel } from "../../../src/models/fleet/fleet-model.ts";
import { MemoryBudget } from "../../../src/models/fleet/memory-budget.ts";
import { Admissions } from "../../../src/queue/admissions.ts";
import { FAKE_MODEL } from "./fake-engine.ts";

export type SimulatedModel = {
  readonly name: string;
  readonly slots: number;
  readonly bytes: number;
  readonly loadMs: number;
  readonly isPinned?: boolean;
};

export type SimulatedClient = {
  readonly owner: string;
  /** The model of its next request. */
  readonly model: () => string;
  readonly tokens: () => number;
  /** Whether it asks questions, which need no slot. */
  readonly asks?: boolean;
  /** Time between an answer and the next request. */
  readonly pauseMs?: () => number;
};

/** One request that was answered. */
export type SimulatedAnswer = {
  readonly owner: string;
  readonly model: string;
  readonly tokens: number;
  readonly waitedMs: number;
};

export class FleetSimulation {
  readonly queue = new Admissions({
    slots: 1,
    maxWaiting: 1_000,
    queueTimeoutMs: 3_600_000,
    flexWaitMs: 60_000,
  });
  readonly fleet: Fleet;
  readonly answers: SimulatedAnswer[] = [];
  readonly failures: unknown[] = [];
  /** What was loaded and unloaded, in order. */
  readonly log: string[] = [];
  /** The most memory that was in use. */
  peakBytes = 0;
  /** Requests of each model that are being computed. */
  readonly #running = new Map<string, number>();
  #isOver = false;

  constructor(models: readonly SimulatedModel[], budgetBytes: number) {
    const budget = new MemoryBudget({
      limitBytes: budgetBytes,
      availableBytes: 0,
      savedBytes: 0,
      gpuBytes: 0,
    });
    this.fleet = new Fleet({
      budget: () => budget,
      isAhead: this.queue.isAhead,
      charge: this.queue.charge,
      log: () => {},
    });
    this.queue.onChange = this.fleet.plan;
    for (const model of models) this.fleet.add(this.#modelOf(model));
  }

  /** Lets the clients ask for this time, and waits until all have their answers. */
  async run(clients: readonly SimulatedClient[], forMs: number): Promise<void> {
    const all = Promise.all(clients.map((client) => this.#ask(client)));
    await vi.advanceTimersByTimeAsync(forMs);
    this.#isOver = true;
    await vi.advanceTimersByTimeAsync(600_000);
    await all;
  }

  /** Each key's tokens, as a ratio to the mean of all keys. */
  get shares(): Record<string, number> {
    const tokens = new Map<string, number>();
    for (const answer of this.answers)
      tokens.set(answer.owner, (tokens.get(answer.owner) ?? 0) + answer.tokens);
    const mean = [...tokens.values()].reduce((sum, each) => sum + each, 0) / tokens.size;
    return Object.fromEntries([...tokens].map(([owner, each]) => [owner, each / mean]));
  }

  /** The longest wait of a request for this model, or for any. */
  longestWaitMs(model?: string): number {
    const waits = this.answers.filter((answer) => model === undefined || answer.model === model);
    return Math.max(0, ...waits.map(({ waitedMs }) => waitedMs));
  }

  #modelOf({ name, slots, bytes, loadMs, isPinned = false }: SimulatedModel): FleetModel {
    return new FleetModel({
      name,
      servedModel: name,
      isGenerating: true,
      engine: this.#engine(name, { bytes, loadMs }),
      lane: this.queue.addLane(name, slots),
      inside: () => this.queue.insideLane(name),
      refuseWaiting: (error) => this.queue.refuseWaiting(name, error),
      isPinned,
      memoryShare: () => ({ ramBytes: bytes, vramBytes: 0 }),
      describe: null,
      fileIdentity: () => "same",
      idleUnloadMs: () => null,
      charge: this.fleet.charge,
      onChange: this.fleet.plan,
      onClosed: () => {},
    });
  }

  #engine(
    name: string,
    { bytes, loadMs }: Pick<SimulatedModel, "bytes" | "loadMs">,
  ): LoadableEngine {
    const model: ModelInfo = { ...FAKE_MODEL, memory: { ramBytes: bytes, vramBytes: 0 } };
    let isLoaded = false;
    return {
      load: async () => {
        this.log.push(`load ${name}`);
        this.#usedBytes += bytes;
        this.peakBytes = Math.max(this.peakBytes, this.#usedBytes);
        await sleep(loadMs);
        isLoaded = true;
        return model;
      },
      unload: async () => {
        this.log.push(`unload ${name}`);
        if ((this.#running.get(name) ?? 0) > 0) this.failures.push(`${name} was cut`);
        isLoaded = false;
        await sleep(50);
        this.#usedBytes -= bytes;
      },
      status: () => ({
        state: isLoaded ? "ready" : "unloaded",
        loadProgress: 0,
        model: isLoaded ? model : null,
        workerPid: null,
        workerRestarts: 0,
        reason: null,
      }),
      close: async () => {},
    };
  }

  #usedBytes = 0;

  async #ask(client: SimulatedClient): Promise<void> {
    while (!this.#isOver) {
      await sleep(client.pauseMs?.() ?? 0);
      await this.request(client).catch((error) => this.failures.push(error));
    }
  }

  /** One request from its arrival to its end. */
  async request(client: SimulatedClient): Promise<void> {
    const { owner, model: nameOf, tokens: tokensOf } = client;
    const [name, tokens] = [nameOf(), tokensOf()];
    const model = this.fleet.models.find((each) => each.name === name);
    if (!model) throw new Error(`there is no model ${name}`);
    const { signal, ...controller } = abortable();
    if (client.asks) return this.#question(model, { owner, signal, tokens });
    const admission = this.queue.enter({
      signal,
      abort: controller.abort,
      caller: { ...ANONYMOUS, owner },
      lane: name,
      choices: 1,
    });
    const { enteredAtMs } = admission;
    const ticket = admission.ticketOf(0);
    try {
      await model.ready({ owner, isFlex: false, arrivedAtMs: enteredAtMs, signal, places: 1 });
      ticket.expect({ promptTokens: 10, maxTokens: 100_000 });
      await ticket.acquire();
      const waitedMs = performance.now() - enteredAtMs;
      await this.#compute(name, tokens);
      ticket.charge(Object.assign(new Tally(10), { completionTokens: tokens, reason: "stop" }));
      this.answers.push({ owner, model: name, tokens, waitedMs });
    } finally {
      admission.leave();
    }
  }

  async #question(
    model: FleetModel,
    { owner, signal, tokens }: { owner: string; signal: AbortSignal; tokens: number },
  ): Promise<void> {
    const gate = { owner, isFlex: false, arrivedAtMs: performance.now(), signal, places: 0 };
    await model.ready(gate);
    const release = model.hold(gate);
    await this.#compute(model.name, tokens);
    release(tokens);
  }

  async #compute(name: string, tokens: number): Promise<void> {
    this.#running.set(name, (this.#running.get(name) ?? 0) + 1);
    await sleep(tokens);
    this.#running.set(name, (this.#running.get(name) ?? 0) - 1);
  }
}

function abortable() {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    abort: (error: ServiceError) => controller.abort(error),
  };
}

/** Not of node:timers/promises, whose timers are not fake. */
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
