// All runs of a node: what gateways ask for, what the workers report, and what becomes of runs whose gateway is lost.

import type { WorkerLoss } from "../../engine/crashes.ts";
import { toWireError } from "../../engine/messages.ts";
import type { FromNode, NumberedEvent, RunPosition, StartRun, ToNode } from "../messages.ts";
import type { NodeEngine, NodeEngineListener, WorkerStep } from "./node-engine.ts";
import { NodeRun } from "./node-run.ts";

export type NodeRunsOptions = {
  readonly engineOf: (key: string) => NodeEngine | null;
  /** Sends to a gateway. */
  readonly post: (gateway: string, message: FromNode) => void;
  readonly now: () => number;
  /** How long kept runs wait for another gateway. */
  readonly graceMs: number;
  /** Called when a run has ended or was dropped. */
  readonly onChange: () => void;
  /** Called when a model has another state. */
  readonly onEngineChange: () => void;
};

type RunMessage<Type extends ToNode["type"]> = Extract<ToNode, { type: Type }>;

/** Events that were sent more recently are on their way: a gateway that does not have them has not lost them. */
const IN_TRANSIT_MS = 100;
/** Ended streams that wait for another gateway take at most this much, in bytes. */
const MOST_ENDED_BYTES = 64 * 2 ** 20;

export class NodeRuns implements NodeEngineListener {
  readonly #options: NodeRunsOptions;
  /** By id, in the order of their start. */
  readonly #runs = new Map<string, NodeRun>();
  /** Whether the node takes no more runs. */
  isDraining = false;

  constructor(options: NodeRunsOptions) {
    this.#options = options;
  }

  /** Runs that have not ended. */
  get active(): number {
    return this.#count(({ hasEnded }) => !hasEnded);
  }

  /** Runs on this engine that the active gateway does not have, and that have not ended. */
  orphansOf(engine: NodeEngine, active: string | null): number {
    const isOther = ({ owner }: NodeRun) => owner === null || owner !== active;
    return this.#count((run) => run.engine === engine && isOther(run) && !run.hasEnded);
  }

  start(gateway: string, start: StartRun): void {
    const { engineOf, post, now } = this.#options;
    if (this.#runs.has(start.id)) return;
    const engine = engineOf(start.model);
    if (!engine || this.isDraining) return post(gateway, { type: "moved", ids: [start.id] });
    if (start.kept) this.#forgetStream(start.kept.streamId);
    this.#runs.set(start.id, new NodeRun(start, { engine, owner: gateway, nowMs: now() }));
    engine.start(start);
  }

  /** An earlier run of the same stream, which has ended: this one has its events too. */
  #forgetStream(streamId: string): void {
    for (const run of this.#runs.values())
      if (run.hasEnded && run.kept?.streamId === streamId) run.kept = null;
  }

  attach(gateway: string, { id, creditBytes }: RunMessage<"attach">): void {
    const run = this.#runs.get(id);
    if (!run?.found) return this.#options.post(gateway, { type: "unknown", ids: [id] });
    if (run.owner !== null && run.owner !== gateway)
      this.#options.post(run.owner, { type: "taken", ids: [id] });
    run.attach(gateway);
    this.#send(run, 0);
    this.#grant(run, creditBytes);
    this.#options.onChange();
  }

  find(gateway: string, { id, streamId }: RunMessage<"find">): void {
    let stream = null;
    for (const run of this.#runs.values()) {
      const { found } = run;
      if (run.kept?.streamId !== streamId || !found) continue;
      if (!stream || found.events >= stream.events) stream = found;
    }
    this.#options.post(gateway, { type: "found", id, stream });
  }

  credit(gateway: string, { id, creditBytes }: RunMessage<"credit">): void {
    const run = this.#owned(gateway, id);
    if (run) this.#grant(run, creditBytes);
  }

  abort(gateway: string, { id }: RunMessage<"abort">): void {
    const run = this.#owned(gateway, id);
    if (!run) return;
    run.kept = null; // nobody wants it any more
    if (!run.hasEnded) run.engine.abort(id);
  }

  suspend(gateway: string, { id }: RunMessage<"suspend">): void {
    const run = this.#owned(gateway, id);
    run?.engine.suspend(id);
  }

  resend(gateway: string, { id, from }: RunMessage<"resend">): void {
    const run = this.#owned(gateway, id);
    if (run) this.#send(run, from);
  }

  /** @returns the ids that the node does not have */
  sync(gateway: string, positions: readonly RunPosition[]): readonly string[] {
    const listed = new Set(positions.map(({ id }) => id));
    for (const run of [...this.#runs.values()])
      if (run.owner === gateway && !listed.has(run.id)) this.#release(run);
    return positions.filter((each) => !this.#syncRun(gateway, each)).map(({ id }) => id);
  }

  /** @returns whether the gateway has the run here */
  #syncRun(gateway: string, { id, next, creditBytes }: RunPosition): boolean {
    const run = this.#owned(gateway, id) ?? this.#returned(gateway, id);
    if (!run) return false;
    run.acknowledge(next);
    const isMissing = next < run.ring.next || run.ending !== null;
    if (isMissing && this.#options.now() - run.sentAtMs >= IN_TRANSIT_MS) this.#send(run, next);
    this.#grant(run, creditBytes);
    return true;
  }

  #owned(gateway: string, id: string): NodeRun | null {
    const run = this.#runs.get(id);
    return run?.owner === gateway ? run : null;
  }

  /** A gateway that was silent has come back, and no other has taken over its run. */
  #returned(gateway: string, id: string): NodeRun | null {
    const run = this.#runs.get(id);
    if (!run || run.owner !== null || run.lastOwner !== gateway) return null;
    run.adopt(gateway);
    this.#options.onChange();
    return run;
  }

  /** Its gateway does not work on the run any more. One that has ended, and is kept, can still be found. */
  #release(run: NodeRun): void {
    if (run.hasEnded && run.kept) run.owner = null;
    else this.#drop(run);
  }

  /** Nobody gets its events any more. */
  #drop(run: NodeRun): void {
    this.#runs.delete(run.id);
    if (!run.hasEnded) run.engine.abort(run.id);
    this.#options.onChange();
  }

  /** The gateway is gone. Its kept runs wait for another one. */
  orphan(gateway: string): void {
    const nowMs = this.#options.now();
    for (const run of [...this.#runs.values()]) {
      if (run.owner !== gateway) continue;
      run.owner = null;
      run.leftAtMs ??= nowMs;
      if (!run.kept) this.#drop(run);
    }
    this.#options.onChange();
  }

  /** No gateway can be reached for longer than the grace time. */
  dropAll(): void {
    for (const run of [...this.#runs.values()]) this.#drop(run);
  }

  /** Drops runs that have waited for a gateway for the grace time, and the oldest ended ones if there are too many. */
  expire(): void {
    const { now, graceMs } = this.#options;
    let endedBytes = 0;
    for (const run of [...this.#runs.values()].reverse()) {
      if (run.owner !== null || run.leftAtMs === null) continue;
      if (run.hasEnded) endedBytes += run.bytes;
      const isOver = !run.kept || now() - run.leftAtMs >= graceMs;
      if (isOver || (run.hasEnded && endedBytes > MOST_ENDED_BYTES)) this.#drop(run);
    }
  }

  /** Ends all runs: gateways continue them on other nodes. */
  moveAll(): void {
    for (const run of [...this.#runs.values()]) {
      if (run.hasEnded || run.isMoving) continue;
      run.isMoving = true;
      run.engine.abort(run.id);
    }
  }

  /** The worker does not answer: the gateways are told at once. */
  giveUpMoving(): void {
    for (const run of this.#runs.values())
      if (!run.hasEnded) this.#end(run, { type: "moved", ids: [run.id] });
  }

  readonly onChange = (): void => this.#options.onEngineChange();

  onStep(engine: NodeEngine, { events, loads, kvTokens }: WorkerStep): void {
    const nowMs = this.#options.now();
    const byOwner = new Map<string, NumberedEvent[]>();
    const moved: NodeRun[] = [];
    for (const event of events) {
      const run = this.#runs.get(event.id);
      if (!run || run.hasEnded) continue;
      if (run.isMoving && event.type === "aborted") {
        moved.push(run);
        continue;
      }
      const numbered = { number: run.record(event), event };
      if (run.owner !== null) {
        run.sentAtMs = nowMs;
        const own = byOwner.get(run.owner);
        if (own) own.push(numbered);
        else byOwner.set(run.owner, [numbered]);
      }
      if (run.hasEnded) this.#ended(run);
    }
    for (const [owner, own] of byOwner) {
      const step = { model: engine.key, events: own, loads, kvTokens };
      this.#options.post(owner, { type: "step", ...step });
    }
    for (const run of moved) this.#end(run, { type: "moved", ids: [run.id] });
  }

  onLost(ids: readonly string[], { error, isFromOutside, crashesInARow }: WorkerLoss): void {
    const loss = { error: toWireError(error), isFromOutside, crashesInARow };
    for (const id of ids) {
      const run = this.#runs.get(id);
      if (run) this.#end(run, { type: "lost", ids: [id], ...loss });
    }
  }

  onRefused(ids: readonly string[]): void {
    for (const id of ids) {
      const run = this.#runs.get(id);
      if (run) this.#end(run, { type: "moved", ids: [id] });
    }
  }

  /** It ends here without a last event. */
  #end(run: NodeRun, ending: NonNullable<NodeRun["ending"]>): void {
    if (run.hasEnded) return;
    run.hasEnded = true;
    run.ending = ending;
    if (run.owner !== null) this.#options.post(run.owner, ending);
    run.sentAtMs = this.#options.now();
    this.#ended(run);
  }

  /** Its gateway may still ask for its events again, and another one may look for it. */
  #ended(run: NodeRun): void {
    run.leftAtMs = this.#options.now();
    if (run.owner === null && !run.kept) this.#runs.delete(run.id);
    this.#options.onChange();
  }

  #grant(run: NodeRun, totalBytes: number): void {
    const bytes = run.grant(totalBytes);
    if (bytes > 0 && !run.hasEnded) run.engine.credit(run.id, bytes);
  }

  /** All its events from this number on, and how it ended without one. */
  #send(run: NodeRun, from: number): void {
    const { owner, engine, ending } = run;
    if (owner === null) return;
    const { post, now } = this.#options;
    const events = run.ring.from(from);
    const { kvTokens = { running: 0, kept: 0 } } = engine.status();
    if (events.length > 0)
      post(owner, { type: "step", model: engine.key, events, loads: [], kvTokens });
    if (ending) post(owner, ending);
    run.sentAtMs = now();
  }

  #count(isCounted: (run: NodeRun) => boolean): number {
    let count = 0;
    for (const run of this.#runs.values()) if (isCounted(run)) count += 1;
    return count;
  }
}
