// A gateway of the cluster: brings together the nodes, the lease, the engines of the models, and time. The service makes one;
// `sluice gateway` gives it the connection.

import { setImmediate as nextTurn } from "node:timers/promises";
import { guarded, ServiceError, stackOf } from "../../errors.ts";
import type { StepLoad } from "../../generation/events.ts";
import type { StreamFinder } from "../../generation/kept-stream.ts";
import type { ConfiguredModels } from "../../models/model-spec.ts";
import { limitedLog } from "../limited-log.ts";
import type { ClusterLink, GatewayLease } from "../link.ts";
import { type NodeId, PROTOCOL_VERSION, type ToNode, type ToNodePacket } from "../messages.ts";
import { subjectsOf } from "../subjects.ts";
import { ClusterEmbeddingEngine } from "./cluster-embedding-engine.ts";
import { ClusterEngine, type ClusterEngineOptions } from "./cluster-engine.ts";
import { ClusterModels } from "./cluster-models.ts";
import { NodeStreamFinder } from "./node-stream-finder.ts";
import { type GatewayProblem, type NodeCounts, Nodes, unavailable } from "./nodes.ts";
import { Quarantine } from "./quarantine.ts";

export type ClusterGatewayOptions = Omit<
  ClusterEngineOptions,
  "model" | "nodes" | "quarantine" | "onMoved"
> & {
  /** Identifies this process among the gateways: it is in its subjects. */
  readonly id: string;
  /** --cluster-name */
  readonly cluster: string;
  readonly link: ClusterLink;
  readonly lease: GatewayLease;
  /** How long runs are kept without a connection, in ms. */
  readonly graceMs: number;
  /** Called with the load of each decode step. @param model its first name */
  readonly onLoad: (model: string, load: StepLoad) => void;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
  /** In ms; default: the monotonic clock. */
  readonly now?: () => number;
};

const TICK_MS = 500;
/** Between groups of nodes; all of them take less than a tick. */
const SYNC_PAUSE_MS = 25;
/** The others are told again after this time, in case that a gateway has come. */
const QUARANTINE_TICKS = 20;

export class ClusterGateway {
  readonly #options: ClusterGatewayOptions;
  readonly #now: () => number;
  readonly #subjects: ReturnType<typeof subjectsOf>;
  readonly #nodes: Nodes;
  readonly #models: ClusterModels;
  readonly #quarantine: Quarantine;
  readonly #finder: NodeStreamFinder;
  /** By model key. */
  readonly #engines = new Map<string, ClusterEngine>();
  readonly #ends: (() => void)[];
  /** Since when it could not speak to the nodes, although it has runs there; null while it can. */
  #silentAtMs: number | null = null;
  #ticks = 0;
  /** Whether it only finishes its requests. */
  #isRetiring = false;
  /** Runs that continued on another node, and events that were lost and sent again. */
  movedRuns = 0;
  resentEvents = 0;
  /** Called when the models may have changed. */
  onModels: () => void = () => {};
  /** Called when the slots of the models may have changed. */
  onSlots: () => void = () => {};

  constructor(options: ClusterGatewayOptions) {
    const { id, cluster, link, lease, now = () => performance.now() } = options;
    const log = limitedLog(options.log, now);
    this.#options = { ...options, log };
    this.#now = now;
    this.#subjects = subjectsOf(cluster);
    this.#quarantine = new Quarantine(now);
    this.#quarantine.onAdded = () => this.#shareQuarantine();
    const problem = () => this.problem;
    this.#models = new ClusterModels({ log, problem });
    this.#nodes = this.#createNodes(problem);
    this.#finder = new NodeStreamFinder({
      nodes: this.#nodes,
      servedModel: (key) => this.#servedModel(key),
    });
    const timer = setInterval(
      this.#guarded(() => this.tick()),
      TICK_MS,
    );
    const { announcements, quarantine, toGateway } = this.#subjects;
    this.#ends = [
      () => clearInterval(timer),
      link.subscribe(
        announcements,
        this.#guarded<unknown>((packet) => this.#nodes.receiveAnnouncement(packet, this.#now())),
      ),
      link.subscribe(
        toGateway({ id }),
        this.#guarded<unknown>((packet) => this.#nodes.receive(packet)),
      ),
      link.subscribe(
        quarantine,
        this.#guarded<unknown>((packet) => this.#quarantine.merge(packet)),
      ),
      link.onConnection(this.#guarded((isConnected) => this.#connectionChanged(isConnected))),
      lease.onChange(this.#guarded(() => this.#activityChanged())), // the lease logs it
    ];
  }

  /** Why this gateway takes no new requests; null while it is active. */
  get problem(): GatewayProblem | null {
    const { id, link, lease } = this.#options;
    if (!link.isConnected)
      return { status: "restarting", reason: "the connection to the cluster (NATS) is lost" };
    if (this.#maySpeak) return null;
    const isOther = lease.holder !== null && lease.holder !== id;
    const active = isOther ? `the gateway ${lease.holder} is active` : "no gateway is active yet";
    return { status: "standby", reason: `this gateway stands by: ${active}` };
  }

  /** The models of the nodes. */
  get configured(): ConfiguredModels {
    return this.#models.configured;
  }

  get nodeCounts(): NodeCounts {
    return this.#nodes.counts;
  }

  get streams(): StreamFinder {
    return this.#finder;
  }

  /** Slots that the queue may give out for a model now. */
  slotsOf(key: string): number {
    const slots = this.#nodes.serving(key).reduce((sum, { link, model }) => {
      return sum + Math.max(0, model.slots - model.orphans - link.runsOf(key).attached);
    }, 0);
    return slots;
  }

  /** Nodes that may compute embeddings of a model now. */
  embeddingNodesOf(key: string): number {
    return this.#nodes.serving(key).length;
  }

  /** The engine for the answers of a model. */
  engineFor(model: string): ClusterEngine {
    const engine = new ClusterEngine({
      ...this.#options,
      model,
      nodes: this.#nodes,
      quarantine: this.#quarantine,
      onMoved: () => {
        this.movedRuns += 1;
      },
    });
    this.#engines.set(model, engine);
    return engine;
  }

  embeddingEngineFor(model: string): ClusterEmbeddingEngine {
    return new ClusterEmbeddingEngine({ ...this.#options, model, nodes: this.#nodes });
  }

  /** Called by its timer twice a second. */
  tick(): void {
    this.#ticks += 1;
    this.#nodes.tick(this.#now());
    this.#membersChanged();
    this.#endSilentRuns();
    if (this.#maySpeak) this.#sync(SYNC_PAUSE_MS);
    if (this.#ticks % QUARANTINE_TICKS === 0) this.#shareQuarantine();
  }

  /**
   * Gives back the lease, so that another gateway takes new requests at once. This one finishes those that it has, beside it.
   * Does nothing on a gateway that is not active.
   */
  async retire(): Promise<void> {
    if (!this.isActive) return;
    this.#isRetiring = true;
    this.#nodes.ignoresOrphans = true; // its own runs are among them from now on
    await this.#nodes.sync(); // the nodes hear of it before they hear of the next gateway
    await nextTurn(); // which is when they are told
    await this.#options.lease.close();
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    for (const end of this.#ends) end();
    this.#nodes.failAll(new ServiceError("engine_unavailable", "the server is shutting down"));
    await this.#options.lease.close();
    await this.#options.link.close();
  }

  /** Whether it takes new requests. */
  get isActive(): boolean {
    const { link, lease } = this.#options;
    return link.isConnected && lease.isHeld;
  }

  /** Whether it may speak to the nodes. */
  get #maySpeak(): boolean {
    const { link, lease } = this.#options;
    return link.isConnected && (lease.isHeld || this.#isRetiring);
  }

  #createNodes(problem: () => GatewayProblem | null): Nodes {
    const { log, lease } = this.#options;
    return new Nodes({
      problem,
      log,
      now: this.#now,
      publish: (node, messages) => this.#publish(node, messages),
      onLoad: (key, load) => {
        const name = this.#models.nameOf(key);
        if (name !== null) this.#options.onLoad(name, load);
      },
      onMissing: (events) => {
        this.resentEvents += events;
      },
      onFound: (id, run) => this.#finder.receive(id, run),
      onStale: (term) => lease.surpass(term),
      onMembers: guarded(
        () => this.#membersChanged(),
        (error) => log("error", `bug: ${stackOf(error)}`),
      ),
      onAttached: () => this.onSlots(),
    });
  }

  #sync(pauseMs = 0): void {
    const { log } = this.#options;
    this.#nodes.sync(pauseMs).catch((error) => log("error", `bug: ${stackOf(error)}`));
  }

  #membersChanged(): void {
    this.#models.update(this.#nodes.announced, this.#now());
    this.onModels();
    this.onSlots();
  }

  /** Only the active gateway speaks to nodes. */
  #publish(node: NodeId, messages: readonly ToNode[]): void {
    const { id, link, lease } = this.#options;
    if (!this.#maySpeak) return;
    const from = { id, term: lease.term, isRetiring: this.#isRetiring };
    const packet: ToNodePacket = { version: PROTOCOL_VERSION, from, messages };
    link.publish(this.#subjects.toNode(node), packet);
  }

  #servedModel(key: string) {
    const [name, engine] = [this.#models.nameOf(key), this.#engines.get(key)];
    return name !== null && engine ? { name, engine } : null;
  }

  #connectionChanged(isConnected: boolean): void {
    const { log, graceMs } = this.#options;
    this.#nodes.setConnected(isConnected, this.#now());
    if (isConnected) log("info", "the connection to the cluster is back");
    else
      log(
        "warn",
        `the connection to the cluster is lost: running requests are kept for ${graceMs / 1000} s (--resume-grace), new ones are refused`,
      );
    this.#activityChanged();
  }

  #activityChanged(): void {
    if (this.#maySpeak) this.#sync(); // the nodes hear of the term at once
    this.#nodes.notify();
    this.#endSilentRuns();
  }

  /**
   * Without the connection, and without the lease as long as no other gateway has it, the runs are kept: the nodes may still work
   * on them when it is back.
   */
  #endSilentRuns(): void {
    const { id, link, lease, graceMs } = this.#options;
    this.#silentAtMs = this.#maySpeak ? null : (this.#silentAtMs ?? this.#now());
    if (this.#silentAtMs === null) return;
    if (link.isConnected && lease.holder !== null && lease.holder !== id)
      this.#nodes.failAll(unavailable("another gateway has taken over"));
    else if (this.#now() - this.#silentAtMs >= graceMs)
      this.#nodes.failAll(unavailable("the connection to the cluster was lost for too long"));
  }

  #shareQuarantine(): void {
    const { entries } = this.#quarantine;
    if (entries.length > 0) this.#options.link.publish(this.#subjects.quarantine, entries);
  }

  /** Packets and timers have no caller that could handle an error. */
  #guarded<Arg>(act: (arg: Arg) => void): (arg: Arg) => void {
    return guarded(act, (error) => this.#options.log("error", `bug: ${stackOf(error)}`));
  }
}
