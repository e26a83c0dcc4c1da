// A node of the cluster: reads what gateways send, answers, announces itself, and ends its runs when it shuts down. The models and
// the link are arguments, so that tests have many nodes in one process.

import { guarded, stackOf } from "../../errors.ts";
import { type Deferred, deferred } from "../../generation/deferred.ts";
import type { ClusterClock } from "../cluster-clock.ts";
import { type ClusterLog, limitedLog } from "../limited-log.ts";
import type { ClusterLink } from "../link.ts";
import {
  type AnnouncementPacket,
  type NodeId,
  PROTOCOL_VERSION,
  type ToNode,
  type ToNodePacket,
} from "../messages.ts";
import { readToNode } from "../read-packet.ts";
import type { Subjects } from "../subjects.ts";
import { type AnnouncedNode, announcementOf, type NodeModel, urgentPart } from "./announcement.ts";
import { GatewayOutbox } from "./gateway-outbox.ts";
import { KnownGateways } from "./known-gateways.ts";
import { NodeQuestions } from "./node-questions.ts";
import { NodeRuns } from "./node-runs.ts";

export type ClusterNodeOptions = Omit<AnnouncedNode, "isDraining"> & {
  readonly link: ClusterLink;
  readonly subjects: Subjects;
  readonly clock: ClusterClock;
  /** Their keys are unique. */
  readonly models: readonly NodeModel[];
  /** How long kept runs wait for another gateway, and all runs for the connection. */
  readonly graceMs: number;
  readonly log: ClusterLog;
  /** A newer process has this node's name: this one must end. */
  readonly onFenced: (by: NodeId) => void;
};

/** Interval of everything that depends on time. */
const TICK_MS = 200;
const ANNOUNCE_TICKS = 5;
/** A gateway that sends nothing for so many ticks is lost: 2 s. It sends a `sync` twice a second. */
const TICKS_TO_LOSS = 10;
/** Gateways of other versions that are remembered. */
const MAX_REFUSED = 1_000;
/** How long the workers may take to abort the runs that the node moves. */
const MOVE_LIMIT_MS = 5_000;

export class ClusterNode {
  readonly #options: ClusterNodeOptions;
  readonly #outbox: GatewayOutbox;
  readonly #log: ClusterNodeOptions["log"];
  readonly #gateways = new KnownGateways(TICKS_TO_LOSS);
  readonly #questions: NodeQuestions;
  readonly runs: NodeRuns;
  readonly #ends: (() => void)[];
  #ticksToAnnouncement = 0;
  #lastUrgent = "";
  /** Null while the node is connected. */
  #disconnectedAtMs: number | null = null;
  /** Null before `drain()`. */
  #drain: { moveAtMs: number; readonly done: Deferred<void> } | null = null;
  /** Gateways whose version was refused, so that each is logged once. */
  readonly #refused = new Set<string>();

  constructor(options: ClusterNodeOptions) {
    const { link, subjects, clock, models, name, incarnation } = options;
    this.#options = options;
    this.#log = limitedLog(options.log, clock.now);
    this.#outbox = new GatewayOutbox({ link, subjects, node: { name, incarnation } });
    const modelOf = (key: string) => models.find((model) => model.key === key) ?? null;
    const post = this.#outbox.post.bind(this.#outbox);
    const onChange = () => this.#checkDrain();
    const onEngineChange = () => this.#announceUrgent();
    const engineOf = (key: string) => modelOf(key)?.engine ?? null;
    const { now } = clock;
    this.runs = new NodeRuns({ ...options, engineOf, post, now, onChange, onEngineChange });
    this.#questions = new NodeQuestions({ modelOf, post, onChange });
    for (const { engine } of models) if (engine) engine.listener = this.runs;
    if (!link.isConnected) this.#disconnectedAtMs = clock.now();
    this.#ends = [
      link.subscribe(subjects.toNode({ name, incarnation }), (packet) => {
        const read = readToNode(packet);
        if (read) this.#receive(read);
        else this.#log("error", "a packet is refused: no gateway can have made it");
      }),
      link.onConnection((isConnected) => this.#connectionChanged(isConnected)),
      clock.every(TICK_MS, () => this.#tick()),
    ];
    this.#announce();
  }

  /**
   * Takes no more runs, and lets the others finish for this time; those that are left then continue on other nodes. Resolves when
   * none is left, and everything was sent.
   */
  async drain(timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    this.#drain ??= { moveAtMs: clock.now() + timeoutMs, done: deferred() };
    this.runs.isDraining = true;
    this.#announce();
    this.#checkDrain();
    await this.#drain.done.promise;
    this.#outbox.flush();
  }

  /** Ends the link. The models are closed by their owner. */
  async close(): Promise<void> {
    for (const end of this.#ends) end();
    this.#questions.abortAll();
    this.#outbox.flush();
    await this.#options.link.close();
  }

  #receive({ version, from, messages }: ToNodePacket): void {
    if (Math.abs(version - PROTOCOL_VERSION) > 1) return this.#refuseVersion(from.id, version);
    const { type, superseded } = this.#gateways.hear(from);
    if (type === "stale")
      return this.#outbox.post(from.id, { type: "stale", term: this.#gateways.term });
    for (const gateway of superseded) this.#lose(gateway, "another gateway has taken over");
    if (type === "new") this.#announce();
    const handle = guarded(
      (message: ToNode) => this.#handle(from.id, message),
      (error) => this.#log("error", `bug: ${stackOf(error)}`),
    );
    messages.forEach(handle);
  }

  #handle(gateway: string, message: ToNode): void {
    switch (message.type) {
      case "ask":
        return this.#questions.ask(gateway, message);
      case "embed":
        return this.#questions.embed(gateway, message);
      case "start":
        return this.runs.start(gateway, message);
      case "attach":
        return this.runs.attach(gateway, message);
      case "credit":
        return this.runs.credit(gateway, message);
      case "abort":
        this.runs.abort(gateway, message);
        return this.#questions.abort(gateway, message.id);
      case "suspend":
        return this.runs.suspend(gateway, message);
      case "resend":
        return this.runs.resend(gateway, message);
      case "sync":
        return this.#sync(gateway, message);
      case "find":
        return this.runs.find(gateway, message);
      case "fence":
        return this.#fenced(message.by);
    }
  }

  #sync(gateway: string, { runs, questions }: Extract<ToNode, { type: "sync" }>): void {
    const ids = [...this.runs.sync(gateway, runs), ...this.#questions.sync(gateway, questions)];
    if (ids.length > 0) this.#outbox.post(gateway, { type: "unknown", ids });
  }

  #fenced(by: NodeId): void {
    const { name, incarnation, onFenced } = this.#options;
    if (by.name === name && by.incarnation !== incarnation) onFenced(by);
  }

  #refuseVersion(gateway: string, version: number): void {
    if (this.#refused.has(gateway) || this.#refused.size >= MAX_REFUSED) return;
    this.#refused.add(gateway);
    const message = `the gateway ${gateway} has version ${version} of the cluster's messages, this node has ${PROTOCOL_VERSION}; only neighbouring versions work together`;
    this.#log("error", message);
  }

  #connectionChanged(isConnected: boolean): void {
    this.#disconnectedAtMs = isConnected ? null : this.#options.clock.now();
    if (!isConnected) return;
    this.#gateways.reconnected();
    this.#announce();
  }

  #tick(): void {
    const { clock, graceMs } = this.#options;
    if (this.#disconnectedAtMs === null)
      for (const gateway of this.#gateways.tick()) this.#lose(gateway, "it sends nothing any more");
    else if (clock.now() - this.#disconnectedAtMs >= graceMs) this.runs.dropAll();
    this.runs.expire();
    this.#checkDrain();
    this.#ticksToAnnouncement -= 1;
    if (this.#ticksToAnnouncement <= 0) this.#announce();
    else this.#announceUrgent();
  }

  #lose(gateway: string, reason: string): void {
    this.#log("warn", `the gateway ${gateway} is lost: ${reason}`);
    this.runs.orphan(gateway);
    this.#questions.abortAllOf(gateway);
  }

  /** Changes of runs that come with many others wait for the next tick. */
  #announceUrgent(): void {
    if (urgentPart(this.#announcement) !== this.#lastUrgent) this.#announce();
  }

  get #announcement() {
    const { models } = this.#options;
    const node = { ...this.#options, isDraining: this.runs.isDraining };
    const { active } = this.#gateways;
    const orphansOf = ({ engine }: NodeModel) => (engine ? this.runs.orphansOf(engine, active) : 0);
    return announcementOf(node, models, orphansOf);
  }

  #announce(): void {
    const { link, subjects, name, incarnation } = this.#options;
    const announcement = this.#announcement;
    this.#ticksToAnnouncement = ANNOUNCE_TICKS;
    this.#lastUrgent = urgentPart(announcement);
    const from = { name, incarnation };
    const packet: AnnouncementPacket = {
      version: PROTOCOL_VERSION,
      from,
      messages: [announcement],
    };
    link.publish(subjects.announcements, packet);
  }

  #checkDrain(): void {
    const drain = this.#drain;
    if (!drain) return;
    if (this.runs.active === 0 && this.#questions.open === 0) return drain.done.resolve();
    const lateMs = this.#options.clock.now() - drain.moveAtMs;
    if (lateMs < 0) return;
    this.runs.moveAll();
    this.#questions.abortAll();
    if (lateMs < MOVE_LIMIT_MS) return;
    this.runs.giveUpMoving();
    drain.done.resolve();
  }
}
