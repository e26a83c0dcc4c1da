// Which nodes are in the cluster, by their announcements. Pure: the caller gives the time.

import {
  type AnnouncedModel,
  type Announcement,
  type AnnouncementPacket,
  type NodeId,
  PROTOCOL_VERSION,
} from "../messages.ts";

/** A node without an announcement for this time is gone: it has missed three. */
const GONE_AFTER_MS = 3_000;
/** A longer pause between two ticks is one of this process, in which it read no announcements. */
const LONGEST_TICK_MS = 1_000;
/** With more nodes, each announcement would take too long. */
const MAX_NODES = 1_000;
/** Nodes of other versions that are remembered, so that each is logged once. */
const MAX_REFUSED = 1_000;

/** A node as it was announced last. */
export type Member = {
  readonly announced: Announcement;
  /** When it was announced last, in ms. */
  readonly heardAtMs: number;
};

export type MembershipOptions = {
  readonly onJoin: (node: NodeId) => void;
  /** A node is gone, or another process has its name. */
  readonly onLost: (node: NodeId, why: string) => void;
  /** A process has the name of a newer one, and must end. */
  readonly onOutdated: (node: NodeId, by: NodeId) => void;
  /** Called after every announcement and every loss. */
  readonly onChange: () => void;
  readonly log: (level: "info" | "warn", message: string) => void;
};

export class Membership {
  readonly #options: MembershipOptions;
  /** By name. */
  readonly #members = new Map<string, Member>();
  readonly #refused = new Set<string>();
  #isConnected = true;
  #tickedAtMs: number | null = null;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  get members(): readonly Announcement[] {
    return [...this.#members.values()].map(({ announced }) => announced);
  }

  /** Null for a node that is not a member, or whose name another process has. */
  of({ name, incarnation }: NodeId): Announcement | null {
    const announced = this.#members.get(name)?.announced;
    return announced?.incarnation === incarnation ? announced : null;
  }

  receive({ version, from, messages: [announced] }: AnnouncementPacket, nowMs: number): void {
    if (!isCompatible(version)) return this.#refuse(version, from);
    const known = this.#members.get(announced.name)?.announced;
    if (!known && this.#members.size >= MAX_NODES)
      return this.#options.log(
        "warn",
        `the node ${announced.name} is left out: the cluster has ${MAX_NODES} nodes already`,
      );
    if (known && known.incarnation !== announced.incarnation) {
      if (!isNewer(announced, known)) return this.#options.onOutdated(announced, known);
      this.#lose(known, "another process has its name");
      this.#options.onOutdated(known, announced);
    }
    const isNew = known?.incarnation !== announced.incarnation;
    this.#members.set(announced.name, { announced, heardAtMs: nowMs });
    if (isNew) this.#options.log("info", `the node ${announced.name} has joined`);
    if (isNew) this.#options.onJoin(announced);
    this.#options.onChange();
  }

  /** Without a connection, nothing can be heard: the time counts from its return. */
  setConnected(isConnected: boolean, nowMs: number): void {
    this.#isConnected = isConnected;
    this.#tickedAtMs = nowMs;
    if (isConnected) this.#shiftHeard(Number.POSITIVE_INFINITY, nowMs);
  }

  /** Call it several times a second. A pause of this process is not held against the nodes. */
  tick(nowMs: number): void {
    const sinceMs = nowMs - (this.#tickedAtMs ?? nowMs);
    this.#tickedAtMs = nowMs;
    if (!this.#isConnected) return;
    if (sinceMs > LONGEST_TICK_MS) this.#shiftHeard(sinceMs, nowMs);
    const gone = [...this.#members.values()].filter(
      ({ heardAtMs }) => nowMs - heardAtMs > GONE_AFTER_MS,
    );
    for (const { announced } of gone)
      this.#lose(announced, `it was not heard for ${GONE_AFTER_MS / 1000} s`);
    if (gone.length > 0) this.#options.onChange();
  }

  #lose(node: Announcement, why: string): void {
    this.#members.delete(node.name);
    if (node.isDraining) this.#options.log("info", `the node ${node.name} has shut down`);
    else this.#options.log("warn", `the node ${node.name} is lost: ${why}`);
    this.#options.onLost(node, why);
  }

  #shiftHeard(byMs: number, nowMs: number): void {
    for (const [name, { announced, heardAtMs }] of this.#members)
      this.#members.set(name, { announced, heardAtMs: Math.min(heardAtMs + byMs, nowMs) });
  }

  #refuse(version: number, { name, incarnation }: NodeId): void {
    if (this.#refused.has(incarnation) || this.#refused.size >= MAX_REFUSED) return;
    this.#refused.add(incarnation);
    const message = `the node ${name} is refused: it speaks version ${version} of the cluster's protocol, this gateway version ${PROTOCOL_VERSION}; install the same release on both`;
    this.#options.log("warn", message);
  }
}

/** Whether this gateway understands packets of that version. */
export function isCompatible(version: number): boolean {
  return Math.abs(version - PROTOCOL_VERSION) <= 1;
}

function isNewer(one: Announcement, other: Announcement): boolean {
  if (one.startedAtMs !== other.startedAtMs) return one.startedAtMs > other.startedAtMs;
  return one.incarnation > other.incarnation;
}

/** The node's model with this key; null if it does not have it. */
export function modelOf({ models }: Announcement, key: string): AnnouncedModel | null {
  return models.find((model) => model.key === key) ?? null;
}

/** Whether a node takes new requests for a model. */
export function isServing(node: Announcement, model: AnnouncedModel): boolean {
  return !node.isDraining && model.state === "ready" && model.info !== null;
}
