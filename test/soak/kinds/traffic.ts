// Many concurrent clients. Each sends one request after another, of randomly drawn kinds.

import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "./random.ts";
import type { Kind } from "./resilient-kinds.ts";
import { type Ending, type SharedState, SoakClient } from "./soak-client.ts";

export type TrafficOptions = {
  readonly url: string;
  readonly seed: number;
  readonly clients: number;
  readonly kinds: readonly Kind[];
  /** Each client uses one of them. */
  readonly keys: readonly string[];
  readonly refusals: readonly string[];
  /** Longest pause of a client between two requests (default 0). */
  readonly pauseMs?: number;
};

export class Traffic {
  readonly #options: TrafficOptions;
  readonly #shared: SharedState;
  #isOver = false;
  #clients: readonly Promise<void>[] = [];

  constructor(options: TrafficOptions) {
    const { url, seed, refusals } = options;
    this.#options = options;
    this.#shared = { url, endings: [], open: new Set(), refusals, runId: `r${seed}` };
  }

  begin(): void {
    this.#clients = Array.from({ length: this.#options.clients }, (_, number) =>
      this.#run(this.client(number)),
    );
  }

  /** An additional client. */
  client(number: number): SoakClient {
    const { seed, keys } = this.#options;
    const random = new Random(seed * 1_000 + number);
    return new SoakClient(this.#shared, random, keys[number % keys.length] ?? null);
  }

  get endings(): readonly Ending[] {
    return this.#shared.endings;
  }

  /** Ids of open requests. */
  get open(): ReadonlySet<string> {
    return this.#shared.open;
  }

  /** Sends no new requests; resolves when all have ended. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }

  async #run(client: SoakClient): Promise<void> {
    const { kinds, pauseMs = 0 } = this.#options;
    while (!this.#isOver) {
      await client.random.weighted(kinds).run(client);
      if (pauseMs > 0) await sleep(client.random.between(0, pauseMs));
    }
  }
}
