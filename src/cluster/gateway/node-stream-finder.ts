// Finds the streams of gateways that are gone: asks all nodes, and continues the stream of the one that has most of it.

import { randomUUID } from "node:crypto";
import { deferred, orAborted, settlesWithin } from "../../generation/deferred.ts";
import type { GenerateEvent } from "../../generation/events.ts";
import type {
  ContinueOptions,
  FoundStream,
  KeptStream,
  StreamFinder,
} from "../../generation/kept-stream.ts";
import type { FoundRun } from "../messages.ts";
import type { ClusterEngine } from "./cluster-engine.ts";
import type { NodeLink } from "./node-link.ts";
import type { Nodes } from "./nodes.ts";
import { runIdParts } from "./run-id.ts";

const FIND_LIMIT_MS = 2_000;
/** While nodes may be unknown, it looks for more of them after this time at the latest. */
const JOIN_MS = 200;

export type NodeStreamFinderOptions = {
  readonly nodes: Nodes;
  /** The name and the engine of a model, by its key; null for one that is not served. */
  readonly servedModel: (
    key: string,
  ) => { readonly name: string; readonly engine: ClusterEngine } | null;
};

type Answer = { readonly link: NodeLink; readonly run: FoundRun };
type NodeSearch = {
  readonly id: string;
  readonly answered: Promise<void>;
  /** Null for a node that has not answered, or does not have the stream. */
  readonly answer: () => Answer | null;
};
type Search = { readonly receive: (run: FoundRun | null) => void };

export class NodeStreamFinder implements StreamFinder {
  readonly #options: NodeStreamFinderOptions;
  /** The nodes that were asked and have not answered yet, by the id of the question. */
  readonly #searches = new Map<string, Search>();

  constructor(options: NodeStreamFinderOptions) {
    this.#options = options;
  }

  /** A gateway that was started a moment ago also asks the nodes that it hears of meanwhile. */
  async find(streamId: string, signal: AbortSignal): Promise<FoundStream | null> {
    const { nodes } = this.#options;
    nodes.check();
    const searches = new Map<NodeLink, NodeSearch>();
    const endMs = performance.now() + FIND_LIMIT_MS;
    try {
      for (;;) {
        for (const link of nodes.links)
          if (!searches.has(link)) searches.set(link, this.#ask(link, streamId));
        const all = Promise.all([...searches.values()].map(({ answered }) => answered));
        await orAborted(settlesWithin(all, endMs - performance.now()), signal);
        const found = [...searches.values()].flatMap(({ answer }) => answer() ?? []);
        const [best] = found.sort(byProgress);
        const stream = best ? this.#foundStream(best, streamId) : null;
        if (stream) return stream;
        const leftMs = endMs - performance.now();
        if (leftMs <= 0 || nodes.areAllKnown) return null;
        await nodes.changed(signal, Math.min(leftMs, JOIN_MS));
      }
    } finally {
      for (const { id } of searches.values()) this.#searches.delete(id);
    }
  }

  /** A node has answered. */
  receive(id: string, run: FoundRun | null): void {
    this.#searches.get(id)?.receive(run);
    this.#searches.delete(id);
  }

  #ask(link: NodeLink, streamId: string): NodeSearch {
    const id = randomUUID();
    const answered = deferred<void>();
    let found: Answer | null = null;
    const receive = (run: FoundRun | null) => {
      found = run && { link, run };
      answered.resolve();
    };
    this.#searches.set(id, { receive });
    link.send({ type: "find", id, streamId });
    return { id, answered: answered.promise, answer: () => found as Answer | null };
  }

  #foundStream({ link, run }: Answer, streamId: string): FoundStream | null {
    const served = this.#options.servedModel(run.model);
    if (!served) return null;
    const { origin, request, cacheScope } = run;
    const kept: KeptStream = { streamId, origin };
    const { requestId } = runIdParts(run.runId);
    const continued = { requestId, found: { link, run } };
    return {
      origin,
      request,
      model: served.name,
      continue: (options: ContinueOptions): AsyncIterable<GenerateEvent> =>
        served.engine.continue(request, { ...options, cacheScope, kept }, continued),
    };
  }
}

/** The run of the latest epoch has the events of all earlier ones. */
function byProgress({ run: one }: Answer, { run: other }: Answer): number {
  return runIdParts(other.runId).epoch - runIdParts(one.runId).epoch || other.events - one.events;
}
