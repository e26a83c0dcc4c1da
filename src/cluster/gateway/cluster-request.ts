// One request across the nodes: makes its runs, chooses a node for each, and takes over a run of another gateway.

import type { WorkerLoss } from "../../engine/crashes.ts";
import type { GenerateOptions } from "../../engine/engine.ts";
import type { StepEvent, ToWorker } from "../../engine/messages.ts";
import { RemoteRun, type RemoteRunOptions, type RunStart } from "../../engine/remote-run.ts";
import { ServiceError } from "../../errors.ts";
import { withEither } from "../../generation/deferred.ts";
import { isLeftToOthers } from "../../generation/kept-stream.ts";
import { BLOCK_TOKENS, prefixHashes } from "../../generation/prefix-hashes.ts";
import type { PreparedRequest } from "../../generation/request.ts";
import type { SlotLease } from "../../generation/slot-lease.ts";
import type { AnnouncedModel, FoundRun } from "../messages.ts";
import { PrefixDigest } from "../prefix-digest.ts";
import type { LinkedRun, RunReader } from "./linked-run.ts";
import type { NodeLink } from "./node-link.ts";
import type { ModelNode, Nodes } from "./nodes.ts";
import { fitsAny, type PlaceableNode, placeRun, type RunToPlace } from "./placement.ts";
import { runIdOf, runIdParts } from "./run-id.ts";
import { StreamHistory } from "./stream-history.ts";

export type ClusterRequestOptions = Pick<
  RemoteRunOptions,
  "streamBufferBytes" | "parkTimeoutMs" | "onWastedTokens"
> &
  Required<Omit<GenerateOptions, "kept">> &
  Pick<GenerateOptions, "kept"> & {
    /** Key of the model. */
    readonly model: string;
    readonly nodes: Nodes;
    readonly request: PreparedRequest;
    /** Unique in the cluster, also among the requests of other gateways. */
    readonly requestId: string;
    /** The run of another gateway with which it begins; null for a new request. */
    readonly found: { readonly link: NodeLink; readonly run: FoundRun } | null;
    /** Called before the first run. @throws ServiceError if the request is refused */
    readonly check: () => void;
    /** Ends the wait for a node. */
    readonly closed: AbortSignal;
    /** How long a run waits while no node could take it. */
    readonly queueTimeoutMs: () => number;
    /** Called when a run that was moved or lost continues on a node. */
    readonly onMoved: () => void;
  };

const DIGESTS = new WeakMap<AnnouncedModel, PrefixDigest>();

/** Why the last run did not finish, apart from its client and its reader. */
type RunEnd = "lost" | "moved" | null;

type PlaceOptions = {
  readonly isSuspect: boolean;
  readonly signal: AbortSignal;
  readonly enter: (link: NodeLink) => void;
};

export class ClusterRequest {
  readonly #options: ClusterRequestOptions;
  readonly #history: StreamHistory;
  /** Of the prompt, for the nodes' digests; computed when they are first needed. */
  #hashes: readonly string[] | null = null;
  #epoch: number;
  #isFirst = true;
  #lastEnd: RunEnd = null;
  #lastRun: RemoteRun | null = null;

  constructor(options: ClusterRequestOptions) {
    this.#options = options;
    this.#history = new StreamHistory(options.kept ?? null);
    this.#epoch = options.found ? runIdParts(options.found.run.runId).epoch : 0;
  }

  /** Whether its last run was lost while it had to prove that it is harmless. */
  get hasFailedProof(): boolean {
    return this.#lastRun?.loss?.error.code === "worker_crashed" && this.#lastRun.isProving;
  }

  /** For `generateInRuns()`. */
  readonly newRun = (start: RunStart): RemoteRun => {
    const { requestId, model, found, lease, signal, deadline, closed } = this.#options;
    const taken = this.#isFirst ? found : null;
    if (this.#isFirst) this.#options.check();
    else this.#epoch += 1;
    this.#isFirst = false;
    const id = runIdOf({ requestId, epoch: this.#epoch });
    const place: { run: LinkedRun | null; isSuspect: boolean } = { run: null, isSuspect: false };
    const setSuspect = (isSuspect: boolean) => {
      place.isSuspect = isSuspect;
      if (place.run) place.run.isSuspect = isSuspect;
    };
    const run: RemoteRun = new RemoteRun({
      ...this.#options,
      id,
      start,
      lease: taken ? new OrphanLease(lease) : lease,
      isExact: this.#options.kept !== undefined,
      enterGate: async (isSuspect) => {
        setSuspect(isSuspect);
        return () => setSuspect(false);
      },
      enterWorker: async () => {
        const firstNumber = taken ? 0 : this.#history.start.history.length;
        const next = () => place.run?.next ?? 0;
        const reader = this.#readerOf(() => run, taken?.run ?? null, next);
        const entry = { id, model, reader, firstNumber, isAttached: taken !== null };
        const enter = (link: NodeLink) => {
          place.run = link.enter(entry);
          place.run.isSuspect = place.isSuspect;
        };
        if (taken) enter(taken.link);
        else
          await withEither([signal, deadline, closed], (either) =>
            this.#place({ isSuspect: place.isSuspect, signal: either, enter }),
          );
      },
      isGateWanted: () => false,
      send: (message) => this.#send(message, place.run, taken !== null),
      onEnded: () => place.run?.end(),
    });
    this.#lastRun = run;
    return run;
  };

  #send(message: ToWorker, run: LinkedRun | null, isTaken: boolean): void {
    if (!run) return;
    switch (message.type) {
      case "start": {
        const { model, onMoved } = this.#options;
        const { id, creditBytes } = message;
        if (this.#lastEnd !== null) onMoved();
        this.#lastEnd = null;
        if (isTaken) return run.begin({ type: "attach", id, model, creditBytes });
        return run.begin({ ...message, model, ...this.#history.start });
      }
      case "abort":
        return this.#isLeftToOthers ? this.#leaveToOthers(run) : run.send(message);
      case "credit":
      case "suspend":
        return run.send(message);
      default:
        return; // a run sends nothing else
    }
  }

  /** Whether another gateway can continue the stream, because only this one shuts down. */
  get #isLeftToOthers(): boolean {
    const { reason } = this.#options.signal;
    return this.#history.isKept && reason instanceof ServiceError && isLeftToOthers(reason);
  }

  #leaveToOthers(run: LinkedRun): void {
    run.leaveToOthers();
    this.#lastRun?.receive({ type: "aborted", id: run.id, tokensAfterAbort: 0 });
  }

  /**
   * @param found if it repeats a run of another gateway: until all known events have arrived again it cannot continue elsewhere,
   * because the client has had more of them
   */
  #readerOf(run: () => RemoteRun, found: FoundRun | null, next: () => number): RunReader {
    const isIncomplete = () => found !== null && next() < found.events;
    const lose = (loss: WorkerLoss) => {
      this.#lastEnd = "lost";
      run().lose(isIncomplete() ? { ...loss, error: streamLost() } : loss);
    };
    return {
      receive: (event) => this.#receive(run(), event),
      lose,
      leave: () => {
        if (isIncomplete())
          return lose({ error: streamLost(), isFromOutside: true, crashesInARow: 1 });
        this.#lastEnd = "moved";
        run().receive({ type: "suspended", id: "" });
      },
    };
  }

  #receive(run: RemoteRun, event: StepEvent): void {
    try {
      if (event.type === "output") this.#history.add(event.event);
      run.receive(event);
    } catch (error) {
      run.fail(error); // fails only this request
    }
  }

  /**
   * Waits for a node, and enters it at once, so that the next request finds the slot taken.
   * @throws the signal's reason, `engine_unavailable`, or `queue_timeout` if no node could take it for too long
   */
  async #place({ isSuspect, signal, enter }: PlaceOptions): Promise<void> {
    const { nodes, model, request } = this.#options;
    const { maxTokens, promptTokens } = request;
    const startedMs = performance.now();
    let fittedAtMs = startedMs;
    for (;;) {
      const serving = nodes.problem ? [] : nodes.serving(model); // the problem may pass; if not, `failAll()` ends the wait
      const nowMs = performance.now();
      const described = serving.map((node) => this.#describe(node));
      const size = { promptTokens: promptTokens.length, maxTokens };
      const run: RunToPlace = { ...size, isSuspect, waitedMs: nowMs - startedMs };
      const placement = placeRun(described, run);
      const name = placement.type === "node" ? placement.name : null;
      const chosen = serving.find(({ announced }) => announced.name === name);
      if (chosen) return enter(chosen.link);
      const limitMs = placement.type === "wait" ? placement.forMs : null;
      if (nodes.problem || fitsAny(described, run)) {
        fittedAtMs = nowMs;
        await nodes.changed(signal, limitMs);
      } else await nodes.changed(signal, this.#leftWithoutNode(fittedAtMs));
    }
  }

  /** How long a run may wait on while no node could take it. @throws ServiceError `queue_timeout` for not at all */
  #leftWithoutNode(sinceMs: number): number {
    const { queueTimeoutMs, request } = this.#options;
    const leftMs = sinceMs + queueTimeoutMs() - performance.now();
    if (leftMs > 0) return leftMs;
    const message = `no node could take a prompt of ${request.promptTokens.length} tokens within ${queueTimeoutMs() / 1000} s (--queue-timeout)`;
    throw new ServiceError("queue_timeout", message, { retryAfterSeconds: 1 });
  }

  #describe({ link, announced, model }: ModelNode): PlaceableNode {
    const { running, hasSuspect } = link.runsOf(model.key);
    return {
      name: announced.name,
      contextTokens: model.info?.contextTokens ?? 0,
      freeSlots: model.slots - model.orphans - running,
      running: running + model.orphans,
      sharedTokens: this.#sharedTokens(model),
      decodeTokensPerSecond: model.decodeTokensPerSecond,
      prefillTokensPerSecond: model.prefillTokensPerSecond,
      hasSuspect,
    };
  }

  #sharedTokens(announced: AnnouncedModel): number {
    const { request, model, cacheScope } = this.#options;
    if (announced.prefixes === "" || !request.reusePrefix) return 0;
    this.#hashes ??= prefixHashes(request.promptTokens, `${model} ${cacheScope}`);
    return digestOf(announced).sharedBlocks(this.#hashes) * BLOCK_TOKENS;
  }
}

/** The claim of an orphan to its slot: its node gave it out for another gateway, so this one's queue has nothing to free. */
class OrphanLease implements SlotLease {
  readonly #queued: SlotLease;
  readonly isHeld = true;

  constructor(queued: SlotLease) {
    this.#queued = queued;
  }

  get isContended(): boolean {
    return this.#queued.isContended;
  }

  async acquire(): Promise<void> {}

  release(): void {}
}

/** Decoded once for each announcement, and not for each request. */
function digestOf(announced: AnnouncedModel): PrefixDigest {
  const known = DIGESTS.get(announced) ?? PrefixDigest.decode(announced.prefixes);
  DIGESTS.set(announced, known);
  return known;
}

function streamLost(): ServiceError {
  const message = "the node that had this stream was lost; send the request again";
  return new ServiceError("engine_unavailable", message);
}
