// Many clients at once, each with one request after the other, of kinds drawn by chance.

import { setTimeout as sleep } from "node:timers/promises";
import type { Kind } from "./kinds.ts";
import { type Ending, Player, type Stage } from "./player.ts";
import { Random } from "./random.ts";

export type TrafficOptions = {
  readonly url: string;
  readonly seed: number;
  readonly clients: number;
  readonly kinds: readonly Kind[];
  /** Each client has one of them. */
  readonly keys: readonly string[];
  readonly refusals: readonly string[];
  /** The longest rest of a client between two requests (default 0). */
  readonly pauseMs?: number;
};

export class Traffic {
  readonly #options: TrafficOptions;
  readonly #stage: Stage;
  #isOver = false;
  #clients: readonly Promise<void>[] = [];

  constructor(options: TrafficOptions) {
    const { url, seed, refusals } = options;
    this.#options = options;
    this.#stage = { url, endings: [], open: new Set(), refusals, runId: `r${seed}` };
  }

  begin(): void {
    this.#clients = Array.from({ length: this.#options.clients }, (_, number) =>
      this.#play(this.player(number)),
    );
  }

  /** One more, for whoever wants to ask something in between. */
  player(number: number): Player {
    const { seed, keys } = this.#options;
    const random = new Random(seed * 1_000 + number);
    return new Player(this.#stage, random, keys[number % keys.length] ?? null);
  }

  get endings(): readonly Ending[] {
    return this.#stage.endings;
  }

  /** Ids of what is open. */
  get open(): ReadonlySet<string> {
    return this.#stage.open;
  }

  /** Nothing new is asked; resolves when all is answered. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }

  async #play(player: Player): Promise<void> {
    const { kinds, pauseMs = 0 } = this.#options;
    while (!this.#isOver) {
      await player.random.weighted(kinds).play(player);
      if (pauseMs > 0) await sleep(player.random.between(0, pauseMs));
    }
  }
}
