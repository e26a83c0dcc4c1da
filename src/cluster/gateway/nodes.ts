// The nodes of the cluster with the gateway's link to each, and what engines ask of them: who serves a model, and when that
// changes. cluster-gateway.ts feeds it with packets and time.

import { setTimeout as sleep } from "node:timers/promises";
import type { WorkerLoss } from "../../engine/crashes.ts";
import { ServiceError } from "../../errors.ts";
import { type Deferred, deferred, orAborted, sharedController } from "../../generation/deferred.ts";
import type { AnnouncedModel, Announcement, NodeId, ToNode } from "../messages.ts";
import { readAnnouncement, readFromNode } from "../read-packet.ts";
import {
  isCompatible,
  isServing,
  Membership,
  type MembershipOptions,
  modelOf,
} from "./membership.ts";
import { NodeLink, type NodeLinkOptions } from "./node-link.ts";

/** A node that has a model. */
export type ModelNode = {
  readonly link: NodeLink;
  readonly announced: Announcement;
  readonly model: AnnouncedModel;
};

/** How many nodes are in each state. */
export type NodeCounts = Readonly<Record<"ready" | "loading" | "draining", number>>;

/** Why the gateway takes no new requests. */
export type GatewayProblem = {
  /** `standby`: another gateway is active. `restarting`: the connection to the cluster is lost. */
  readonly status: "standby" | "restarting";
  readonly reason: string;
};

export type NodesOptions = Pick<NodeLinkOptions, "onLoad" | "onMissing" | "onFound" | "onStale"> & {
  readonly publish: (node: NodeId, messages: readonly ToNode[]) => void;
  readonly problem: () => GatewayProblem | null;
  /** In ms. */
  readonly now: () => number;
  /** Called soon after announcements, and after the loss of nodes. It may not throw. */
  readonly onMembers: () => void;
  /** Called when a run of another gateway was taken over, or has ended. */
  readonly onAttached: () => void;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
};

/** Within this time every node has announced itself, in ms. */
const ALL_ANNOUNCED_MS = 1_500;
/** So few nodes are synced at once. */
const SYNCED_AT_ONCE = 4;
const SYNC_GROUPS = 12;
/** Clients may retry after this time: about as long as a gateway takes to take over. */
const RETRY_SECONDS = 2;

export class Nodes {
  readonly #options: NodesOptions;
  readonly #membership: Membership;
  /** By incarnation. */
  readonly #links = new Map<string, NodeLink>();
  #changed: Deferred<void> = deferred();
  /** Whether the slots that nodes announce as those of others are shown as free ones. */
  ignoresOrphans = false;
  #ending = sharedController();
  #isTelling = false;
  /** Since when it hears announcements, in ms. */
  #hearsSinceMs: number;

  constructor(options: NodesOptions) {
    this.#options = options;
    this.#hearsSinceMs = options.now();
    const { log } = options;
    const members: MembershipOptions = {
      log,
      onJoin: (node) => this.#join(node),
      onLost: (node, why) => this.#lose(node, why),
      onOutdated: (node, by) => this.#fence(node, by),
      onChange: () => this.#membersChanged(),
    };
    this.#membership = new Membership(members);
  }

  get announced(): readonly Announcement[] {
    return this.#membership.members;
  }

  get counts(): NodeCounts {
    const counts = { ready: 0, loading: 0, draining: 0 };
    for (const { isDraining, models } of this.announced) {
      if (isDraining) counts.draining += 1;
      else if (models.every(({ state }) => state === "ready")) counts.ready += 1;
      else counts.loading += 1;
    }
    return counts;
  }

  get links(): readonly NodeLink[] {
    return [...this.#links.values()];
  }

  /** Whether every node has had the time to announce itself. */
  get areAllKnown(): boolean {
    return this.#options.now() - this.#hearsSinceMs >= ALL_ANNOUNCED_MS;
  }

  /** All nodes that have a model, in whatever state. @param key of the model */
  having(key: string): readonly ModelNode[] {
    return this.announced.flatMap((announced) => {
      const found = modelOf(announced, key);
      const model = found && this.ignoresOrphans ? { ...found, orphans: 0 } : found;
      const link = this.#links.get(announced.incarnation);
      return model && link ? { link, announced, model } : [];
    });
  }

  /** The nodes that take new requests for a model. */
  serving(key: string): readonly ModelNode[] {
    return this.having(key).filter(({ announced, model }) => isServing(announced, model));
  }

  /** Resolves at the next change of a node or a run, or after the time. @throws the signal's reason, and why all runs ended */
  async changed(signal: AbortSignal, limitMs: number | null = null): Promise<void> {
    const late = deferred<void>();
    const timer = limitMs === null ? undefined : setTimeout(() => late.resolve(), limitMs);
    try {
      const changed = Promise.race([this.#changed.promise, late.promise]);
      await orAborted(orAborted(changed, signal), this.#ending.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @throws ServiceError `engine_unavailable` while this gateway takes no new requests */
  check(): void {
    const problem = this.#options.problem();
    if (problem) throw unavailable(problem.reason);
  }

  /** Why it takes no new requests; null if it does. */
  get problem(): GatewayProblem | null {
    return this.#options.problem();
  }

  receiveAnnouncement(packet: unknown, nowMs: number): void {
    const read = readAnnouncement(packet, isCompatible);
    if (read) this.#membership.receive(read, nowMs);
    else this.#options.log("error", "an announcement is refused, because no node can have made it");
  }

  /** From a node. Of nodes that are no members, nothing is read. */
  receive(packet: unknown): void {
    const read = readFromNode(packet);
    if (!read) return this.#options.log("error", "a packet is refused: no node can have made it");
    const link = this.#links.get(read.from.incarnation);
    if (!link || !isCompatible(read.version)) return;
    for (const message of read.messages) link.receive(message);
  }

  setConnected(isConnected: boolean, nowMs: number): void {
    this.#hearsSinceMs = nowMs;
    this.#membership.setConnected(isConnected, nowMs);
    this.notify();
  }

  tick(nowMs: number): void {
    this.#membership.tick(nowMs);
  }

  /**
   * Call it twice a second. What thousands of runs have to say takes time, so it is said in groups of nodes: tokens arrive in
   * between.
   * @param pauseMs between two groups, of which there are at most `SYNC_GROUPS`
   */
  async sync(pauseMs = 0): Promise<void> {
    const { links } = this;
    const size = Math.max(SYNCED_AT_ONCE, Math.ceil(links.length / SYNC_GROUPS));
    for (const [index, link] of links.entries()) {
      if (index > 0 && index % size === 0) await sleep(pauseMs);
      link.sync();
    }
  }

  /** Wakes all that wait for a change. */
  notify(): void {
    this.#changed.resolve();
    this.#changed = deferred();
  }

  /** Ends all runs and questions, also those that wait for a node. */
  failAll(error: ServiceError): void {
    this.#ending.abort(error);
    this.#ending = sharedController();
    for (const link of this.#links.values()) link.fail(error);
  }

  #join(node: NodeId): void {
    const { publish, onLoad, onMissing, onFound, onStale, onAttached, log } = this.#options;
    const link = new NodeLink({
      node: { name: node.name, incarnation: node.incarnation },
      publish: (messages) => publish(node, messages),
      onChange: () => this.notify(),
      ...{ onLoad, onMissing, onFound, onStale, onAttached, log },
    });
    this.#links.set(node.incarnation, link);
    link.sync(); // so that the node hears of this gateway at once
  }

  #lose(node: NodeId, why: string): void {
    const link = this.#links.get(node.incarnation);
    this.#links.delete(node.incarnation);
    const message = `the node ${node.name} was lost while it worked on this request: ${why}`;
    const error = new ServiceError("worker_crashed", message);
    const loss: WorkerLoss = { error, isFromOutside: false, crashesInARow: 1 };
    link?.lose(loss);
  }

  #fence(node: NodeId, by: NodeId): void {
    const { name, incarnation } = by;
    this.#options.publish(node, [{ type: "fence", by: { name, incarnation } }]);
  }

  /** Told once for all announcements that have arrived together. */
  #membersChanged(): void {
    this.notify();
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      this.#options.onMembers();
    });
  }
}

/** @param reason as clients see it */
export function unavailable(reason: string): ServiceError {
  return new ServiceError("engine_unavailable", reason, { retryAfterSeconds: RETRY_SECONDS });
}
