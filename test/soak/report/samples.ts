// Samples the server regularly while it is busy: its resources, its activity, and whether its slots add up.

import type { Traffic } from "../kinds/traffic.ts";
import {
  collectGarbage,
  metricsOf,
  type ResourceUse,
  resourceUseOf,
  type SoakServer,
} from "../server.ts";

export type Sample = ResourceUse & {
  /** Since the start of the run. */
  readonly atMs: number;
  /** Heap in use. The process also holds memory that the allocator has not returned. */
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

/** How long a request may still hold its slot after its client has disconnected. */
const LEAVING_MS = 2_000;
/** Consecutive samples in which a slot may be free while requests wait. */
const MAX_IDLE_SAMPLES = 3;

export class Sampler {
  readonly #options: SamplerOptions;
  readonly samples: Sample[] = [];
  readonly faults: string[] = [];
  #idleSamples = 0;

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
    const sample = { ...resourceUseOf(server.pid), atMs, heapMb, busy, waiting, tokensOut };
    this.samples.push(sample);
    return sample;
  }

  /** Each slot must be held by a request that a client has open. */
  async #checkSlots(headers: Record<string, string>): Promise<void> {
    const { server, traffic } = this.#options;
    const open = new Set(traffic.open);
    const response = await fetch(`${server.url}/slots`, { headers });
    const body: unknown = await response.json();
    if (!Array.isArray(body)) return; // while the next worker is loading
    const now = performance.now();
    const held = (body as { request_id?: string }[]).flatMap(({ request_id }) => request_id ?? []);
    for (const id of held) {
      if (open.has(id) || traffic.open.has(id)) continue;
      const ending = traffic.endings.findLast((each) => each.id === id);
      if (!ending || now - ending.endedAtMs > LEAVING_MS)
        this.faults.push(`${id} has a slot, but no client has it open`);
    }
  }

  #checkCounts(busy: number, waiting: number): void {
    const { slots } = this.#options;
    if (busy > slots) this.faults.push(`${busy} of ${slots} slots are busy`);
    this.#idleSamples = waiting > 0 && busy < slots ? this.#idleSamples + 1 : 0;
    if (this.#idleSamples === MAX_IDLE_SAMPLES)
      this.faults.push(`${waiting} requests wait, ${busy} of ${slots} slots are busy`);
  }
}
