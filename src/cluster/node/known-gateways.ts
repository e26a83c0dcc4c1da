// The gateways that the node hears of: which of them may use it, and which are lost. Pure: packets and ticks in, decisions out.

import type { GatewayId } from "../messages.ts";

/** `stale`: another gateway has a higher term. */
export type Admittance = {
  readonly type: "known" | "new" | "stale";
  /** Gateways whose term is over now. */
  readonly superseded: readonly string[];
};

type KnownGateway = { readonly term: number; readonly isRetiring: boolean; silentTicks: number };

export class KnownGateways {
  readonly #ticksToLoss: number;
  readonly #gateways = new Map<string, KnownGateway>();
  /** The highest that was seen. */
  term = Number.NEGATIVE_INFINITY;
  /** The gateway with that term; null before any. */
  active: string | null = null;

  /** @param ticksToLoss a gateway that is silent for so many ticks is lost. Ticks, not time: a pause of this process does not count */
  constructor(ticksToLoss: number) {
    this.#ticksToLoss = ticksToLoss;
  }

  /** A packet has arrived. One that shuts down is heard beside the next gateway. */
  hear({ id, term, isRetiring = false }: GatewayId): Admittance {
    if (term < this.term && !isRetiring) return { type: "stale", superseded: [] };
    const type = this.#gateways.has(id) ? "known" : "new";
    this.#gateways.set(id, { term, isRetiring, silentTicks: 0 });
    if (term < this.term) return { type, superseded: [] };
    this.term = term;
    this.active = id;
    const superseded = [...this.#gateways]
      .filter(([other, known]) => other !== id && known.term < term && !known.isRetiring)
      .map(([other]) => other);
    for (const other of superseded) this.#gateways.delete(other);
    return { type, superseded };
  }

  /** Time has passed with a connection. @returns the gateways that are lost */
  tick(): readonly string[] {
    const lost: string[] = [];
    for (const [id, known] of this.#gateways) {
      known.silentTicks += 1;
      if (known.silentTicks < this.#ticksToLoss) continue;
      this.#gateways.delete(id);
      lost.push(id);
    }
    return lost;
  }

  /** The connection is back: their silence counts from now. */
  reconnected(): void {
    for (const known of this.#gateways.values()) known.silentTicks = 0;
  }
}
