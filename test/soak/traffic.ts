// Many clients at once, each with one request after the other, of kinds drawn by chance.

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
};

export class Traffic {
  readonly #stage: Stage;
  #isOver = false;
  readonly #clients: readonly Promise<void>[];

  constructor({ url, seed, clients, kinds, keys, refusals }: TrafficOptions) {
    this.#stage = { url, endings: [], open: new Set(), refusals, runId: `r${seed}` };
    this.#clients = Array.from({ length: clients }, (_, number) => {
      const random = new Random(seed * 1_000 + number);
      const player = new Player(this.#stage, random, keys[number % keys.length] ?? null);
      return this.#play(player, kinds);
    });
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

  async #play(player: Player, kinds: readonly Kind[]): Promise<void> {
    while (!this.#isOver) await player.random.weighted(kinds).play(player);
  }
}
