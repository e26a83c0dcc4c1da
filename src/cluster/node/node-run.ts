// A run as the node knows it: its events with their numbers, its credit, and the gateway that gets them. The slot and the worker
// are the engine's business (node-engine.ts).

import type { StepEvent } from "../../engine/messages.ts";
import { weightOfEvent } from "../../generation/events.ts";
import type { KeptStream } from "../../generation/kept-stream.ts";
import type { FoundRun, FromNode, StartRun } from "../messages.ts";
import { dataBytes } from "./data-bytes.ts";
import { EventRing } from "./event-ring.ts";
import type { NodeEngine } from "./node-engine.ts";

/** The events of a longer run are not kept for other gateways. */
const MOST_KEPT_BYTES = 2 ** 20;

export class NodeRun {
  readonly id: string;
  readonly engine: NodeEngine;
  readonly ring = new EventRing();
  readonly #start: StartRun;
  /** Null for a stream that ends with its gateway, and for one that is too long. */
  kept: KeptStream | null;
  /** The gateway that gets its events; null for an orphan. */
  owner: string | null;
  /** The last gateway that got them. */
  lastOwner: string;
  /** When its gateway was lost, or when it ended, whichever was later; null before. By the node's clock. */
  leftAtMs: number | null = null;
  /** When events were last sent to its gateway. */
  sentAtMs: number;
  hasEnded = false;
  /** What the gateway is told after the events of a run that ended without a last event; null otherwise. */
  ending: Extract<FromNode, { type: "lost" | "moved" }> | null = null;
  /** Whether it is being aborted because the node shuts down. */
  isMoving = false;
  /** All credit that the worker was given. */
  #givenBytes: number;
  /** What the node remembers of its start for other gateways, about, in bytes. */
  readonly #startBytes: number;
  /** Credit that the gateway counts for events of earlier runs, which it has got from this node. */
  #historyBytes = 0;

  constructor(start: StartRun, options: { engine: NodeEngine; owner: string; nowMs: number }) {
    this.id = start.id;
    this.engine = options.engine;
    this.#start = start;
    this.kept = start.kept;
    this.owner = options.owner;
    this.lastOwner = options.owner;
    this.sentAtMs = options.nowMs;
    this.#givenBytes = start.creditBytes;
    this.#startBytes = start.kept ? dataBytes([start.kept.origin, start.request]) : 0;
    for (const event of start.history) this.ring.add({ type: "output", id: start.id, event });
    this.#limitKept();
  }

  /** @returns the event's number */
  record(event: StepEvent): number {
    const number = this.ring.add(event);
    if (isLast(event)) this.hasEnded = true;
    this.#limitKept();
    return number;
  }

  /** Above the limit, another gateway could not send the whole stream again. */
  #limitKept(): void {
    if (this.ring.addedBytes > MOST_KEPT_BYTES) this.kept = null;
  }

  /** What it takes in memory, about. */
  get bytes(): number {
    return this.ring.addedBytes + this.#startBytes;
  }

  /** The gateway has all events before this number. */
  acknowledge(next: number): void {
    if (!this.kept) this.ring.dropBelow(next);
  }

  /** @param totalBytes all credit that the run was ever given @returns the part that the worker does not have yet */
  grant(totalBytes: number): number {
    const bytes = totalBytes - this.#historyBytes - this.#givenBytes;
    if (bytes <= 0) return 0;
    this.#givenBytes += bytes;
    return bytes;
  }

  /** From now on this gateway gets the events, and gives the credit, with that of the earlier runs. */
  attach(owner: string): void {
    this.adopt(owner);
    const weights = this.#start.history.map(weightOfEvent);
    this.#historyBytes = weights.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** This gateway gets the events from now on. */
  adopt(owner: string): void {
    this.owner = owner;
    this.lastOwner = owner;
    if (!this.hasEnded) this.leftAtMs = null;
  }

  /** As the answer to `find`; null if another gateway cannot take it over. */
  get found(): FoundRun | null {
    if (!this.kept || !this.ring.isWhole) return null;
    const { id, model, request, cacheScope } = this.#start;
    const { origin } = this.kept;
    return { runId: id, model, origin, request, cacheScope, events: this.ring.next };
  }
}

function isLast(event: StepEvent): boolean {
  return event.type === "output" ? event.event.type === "finish" : event.type !== "parked";
}
