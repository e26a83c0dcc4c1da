// A node without a cluster: engines of several gateways generate on it, it keeps the events of their streams, and finds them again
// when a gateway is cut off.

import type { Engine, GenerateOptions } from "../../../src/engine/engine.ts";
import { abortReason, ServiceError } from "../../../src/errors.ts";
import { type Deferred, deferred, orAborted } from "../../../src/generation/deferred.ts";
import type { GenerateEvent } from "../../../src/generation/events.ts";
import type {
  ContinueOptions,
  FoundStream,
  KeptStream,
  StreamFinder,
} from "../../../src/generation/kept-stream.ts";
import type { PreparedRequest } from "../../../src/generation/request.ts";
import { Tally } from "../../../src/generation/tally.ts";
import { FakeEngine, type FakeEngineOptions } from "./fake-engine.ts";

type Run = {
  readonly kept: KeptStream;
  readonly request: PreparedRequest;
  readonly events: GenerateEvent[];
  readonly stop: AbortController;
};

type ReadOptions = Pick<ContinueOptions, "signal" | "deadline"> & {
  /** Whether nothing arrives at the gateway any more. */
  readonly isCut: () => boolean;
};

/** The name of its model. */
const MODEL = "builtin";
const FREE_LEASE = {
  acquire: async () => {},
  release: () => {},
  isHeld: true,
  isContended: false,
};

export class FakeNode implements StreamFinder {
  readonly #options: FakeEngineOptions;
  readonly #runs = new Map<string, Run>();
  #change: Deferred<void> = deferred();
  #gateways = 0;
  #cut = new Set<number>();
  #limit = Number.POSITIVE_INFINITY;
  /** Searches so far. */
  searches = 0;
  /** Takeovers so far. */
  takeovers = 0;
  /** Runs that were aborted by a gateway. */
  aborted = 0;
  /** Whether every search fails. */
  isUnreachable = false;
  /** By how much the streams seem older than they are. */
  olderByMs = 0;
  /** Each search waits for it. */
  hold: Promise<void> = Promise.resolve();

  constructor(options: FakeEngineOptions = {}) {
    this.#options = options;
  }

  /** Sends this many events of each stream for now. */
  limitTo(events: number): void {
    this.#limit = events;
    this.#wake();
  }

  /** The engine of the next gateway. */
  engine(): Engine {
    const gateway = this.#gateways;
    this.#gateways += 1;
    const generate = (request: PreparedRequest, options: GenerateOptions) =>
      this.#generate(gateway, request, options);
    return new (class extends FakeEngine {
      readonly keepsStreams = true;
      override generate(request: PreparedRequest, options: GenerateOptions) {
        return options.kept ? generate(request, options) : super.generate(request, options);
      }
    })(this.#options);
  }

  /** Nothing arrives at the gateways any more that exist now, nor from them. */
  cutOff(): void {
    for (let gateway = 0; gateway < this.#gateways; gateway++) this.#cut.add(gateway);
  }

  /** What the node keeps of the only stream. */
  get kept(): KeptStream {
    const [run] = this.#runs.values();
    if (!run) throw new Error("no stream is kept");
    return run.kept;
  }

  async find(streamId: string): Promise<FoundStream | null> {
    this.searches += 1;
    await this.hold;
    if (this.isUnreachable)
      throw new ServiceError("engine_unavailable", "no connection to the nodes", {
        retryAfterSeconds: 1,
      });
    const run = this.#runs.get(streamId);
    if (!run) return null;
    const origin = JSON.parse(JSON.stringify(run.kept.origin));
    return {
      origin: { ...origin, arrivedAt: origin.arrivedAt - this.olderByMs },
      request: run.request,
      model: MODEL,
      continue: (options) => this.#continue(run, options),
    };
  }

  async *#continue(run: Run, options: ContinueOptions) {
    this.takeovers += 1;
    yield* this.#read(run, { ...options, isCut: () => false });
  }

  async *#generate(
    gateway: number,
    request: PreparedRequest,
    { kept, signal, lease }: GenerateOptions,
  ): AsyncGenerator<GenerateEvent, void, undefined> {
    if (!kept) throw new Error("the stream is not kept");
    await lease.acquire();
    const run: Run = { kept, request, events: [], stop: new AbortController() };
    this.#runs.set(kept.streamId, run);
    void this.#compute(run);
    try {
      const deadline = new AbortController().signal;
      yield* this.#read(run, { signal, deadline, isCut: () => this.#cut.has(gateway) });
    } finally {
      lease.release();
    }
  }

  async #compute(run: Run): Promise<void> {
    const { signal } = run.stop;
    const engine = new FakeEngine(this.#options);
    for await (const event of engine.generate(run.request, { signal, lease: FREE_LEASE })) {
      run.events.push(event);
      this.#wake();
    }
  }

  async *#read(
    run: Run,
    { signal, deadline, isCut }: ReadOptions,
  ): AsyncGenerator<GenerateEvent, void, undefined> {
    const tally = new Tally(run.request.promptTokens.length);
    const either = AbortSignal.any([signal, deadline]);
    for (let next = 0; ; ) {
      const event = next < this.#limit && !isCut() ? run.events[next] : undefined;
      if (event) {
        tally.add(event);
        yield event;
        next += 1;
        if (event.type === "finish") return;
      } else {
        await orAborted(this.#change.promise, either).catch(() => {});
        if (deadline.aborted) return yield tally.finish("length", null);
        if (!signal.aborted) continue;
        if (!isCut()) this.aborted += 1;
        throw abortReason(signal);
      }
    }
  }

  #wake(): void {
    this.#change.resolve();
    this.#change = deferred();
  }
}
