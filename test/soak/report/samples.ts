// Looks at the server every so often while it is busy: what it holds, what it does, and whether its slots add up.

import type { Traffic } from "../kinds/traffic.ts";
import {
  collectGarbage,
  type Holdings,
  holdingsOf,
  metricsOf,
  type SoakServer,
} from "../server.ts";

export type Sample = Holdings & {
  /** Since the beginning. */
  readonly atMs: number;
  /** What the server has in use; its process also holds what the allocator has not given back. */
  readonly heapMb: number;
  readonly busy: number;
  readonly waiting: number;
  readonly tokensOut: number;
};

export type SamplerOptions = {
  readonly server: SoakServer;
  readonly traffic: Traffic;
  readonly key: string;
  readonly slots: number;
  readonly startedAtMs: number;
};

/** A request that has ended for its client may hold its slot for so long. */
const LEAVING_MS = 2_000;
/** A slot may be free for a moment while others wait, but not in so many looks in a row. */
const MOST_IDLE_LOOKS = 3;

export class Sampler {
  readonly #options: SamplerOptions;
  readonly samples: Sample[] = [];
  readonly faults: string[] = [];
  #idleLooks = 0;

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  async look(): Promise<Sample> {
    const { server, key, startedAtMs } = this.#options;
    const headers = { authorization: `Bearer ${key}` };
    collectGarbage(server.pid);
    const { heapMb, busy, waiting, tokensOut } = await metricsOf(server.url, headers);
    await this.#checkSlots(headers);
    this.#checkCounts(busy, waiting);
    const atMs = performance.now() - startedAtMs;
    const sample = { ...holdingsOf(server.pid), atMs, heapMb, busy, waiting, tokensOut };
    this.samples.push(sample);
    return sample;
  }

  /** Each slot is held by a request that somebody has open. */
  async #checkSlots(headers: Record<string, string>): Promise<void> {
    const { server, traffic } = this.#options;
    const open = new Set(traffic.open);
    const response = await fetch(`${server.url}/slots`, { headers });
    const body: unknown = await response.json();
    if (!Array.isArray(body)) return; // while the next worker loads
    const now = performance.now();
    const held = (body as { request_id?: string }[]).flatMap(({ request_id }) => request_id ?? []);
    for (const id of held) {
      if (open.has(id) || traffic.open.has(id)) continue;
      const ending = traffic.endings.findLast((each) => each.id === id);
      if (!ending || now - ending.endedAtMs > LEAVING_MS)
        this.faults.push(`${id} has a slot, and nobody has it open`);
    }
  }

  #checkCounts(busy: number, waiting: number): void {
    const { slots } = this.#options;
    if (busy > slots) this.faults.push(`${busy} of ${slots} slots are busy`);
    this.#idleLooks = waiting > 0 && busy < slots ? this.#idleLooks + 1 : 0;
    if (this.#idleLooks === MOST_IDLE_LOOKS)
      this.faults.push(`${waiting} requests wait, ${busy} of ${slots} slots are busy`);
  }
}
