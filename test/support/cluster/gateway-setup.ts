// A gateway over a bus in memory, with fake nodes, a lease and a clock that the test moves.

import { setImmediate as turn } from "node:timers/promises";
import {
  ClusterGateway,
  type ClusterGatewayOptions,
} from "../../../src/cluster/gateway/cluster-gateway.ts";
import type { GenerateOptions } from "../../../src/engine/engine.ts";
import type { GenerateEvent } from "../../../src/generation/events.ts";
import type { PreparedRequest } from "../../../src/generation/request.ts";
import type { SlotLease } from "../../../src/generation/slot-lease.ts";
import { PLAIN_PREPARED } from "../clients/requests.ts";
import { FakeLease } from "./fake-lease.ts";
import { FakeNode, type FakeNodeOptions } from "./fake-node.ts";
import { MemoryBus, type MemoryLink } from "./memory-link.ts";

export const GRACE_MS = 20_000;
/** More turns of the event loop than any exchange of messages in these tests takes. */
const MOST_TURNS = 200;

/** Waits until the condition holds. @throws Error if it does not */
export async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; turns < MOST_TURNS; turns += 1) {
    if (condition()) return;
    await turn();
  }
  throw new Error(`this did not happen: ${condition}`);
}

/** Long enough for all messages that are on their way. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await turn();
}

export class GatewaySetup {
  readonly bus: MemoryBus;
  readonly link: MemoryLink;
  readonly lease = new FakeLease();
  readonly gateway: ClusterGateway;
  readonly logLines: string[] = [];
  nowMs = 0;

  /** @param id of the gateway */
  constructor(
    id = "g1",
    {
      bus = new MemoryBus(),
      ...options
    }: Partial<ClusterGatewayOptions> & { bus?: MemoryBus } = {},
  ) {
    this.bus = bus;
    this.link = bus.link();
    this.gateway = new ClusterGateway({
      id,
      cluster: "test",
      link: this.link,
      lease: this.lease,
      graceMs: GRACE_MS,
      streamBufferBytes: 1_000,
      parkTimeoutMs: 1_000,
      queueTimeoutMs: () => 1_000,
      onWastedTokens: () => {},
      onLoad: () => {},
      log: (_, message) => this.logLines.push(message),
      now: () => this.nowMs,
      ...options,
    });
  }

  async node(options: Omit<FakeNodeOptions, "link"> = {}): Promise<FakeNode> {
    const node = new FakeNode({ link: this.bus.link(), ...options });
    node.announce();
    await settle();
    return node;
  }

  /** Moves the clock in steps of half a second. @param alive nodes that announce themselves meanwhile */
  async pass(ms: number, alive: readonly FakeNode[] = []): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= 500) {
      this.nowMs += 500;
      for (const node of alive) node.announce();
      await settle();
      this.gateway.tick();
    }
    await settle();
  }
}

export class HeldLease implements SlotLease {
  isHeld = false;
  isContended = false;
  acquisitions = 0;

  async acquire(): Promise<void> {
    this.acquisitions += 1;
    this.isHeld = true;
  }

  release(): void {
    this.isHeld = false;
  }
}

export const preparedRequest: PreparedRequest = PLAIN_PREPARED;

/** Collects what a stream yields. */
export class Collected {
  readonly events: GenerateEvent[] = [];
  /** Its failure; null while there is none. */
  error: Error | null = null;
  hasEnded = false;
  readonly done: Promise<void>;

  constructor(stream: AsyncIterable<GenerateEvent>) {
    this.done = this.#read(stream);
  }

  get text(): string {
    return this.events.map((event) => ("text" in event ? event.text : "")).join("");
  }

  async #read(stream: AsyncIterable<GenerateEvent>): Promise<void> {
    try {
      for await (const event of stream) this.events.push(event);
    } catch (error) {
      this.error = error as Error;
    }
    this.hasEnded = true;
  }
}

/** The options of a request. */
export function generateOptions(changes: Partial<GenerateOptions> = {}): GenerateOptions {
  return { signal: new AbortController().signal, lease: new HeldLease(), ...changes };
}
