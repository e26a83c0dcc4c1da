// The engine of one model that the nodes of the cluster compute.

import { randomBytes } from "node:crypto";
import type { Engine, EngineStatus, GenerateOptions, PendingAnswer } from "../../engine/engine.ts";
import { generateInRuns } from "../../engine/generate-in-runs.ts";
import type { RemoteRunOptions } from "../../engine/remote-run.ts";
import { ServiceError } from "../../errors.ts";
import { sharedController, withEither } from "../../generation/deferred.ts";
import type { GenerateEvent } from "../../generation/events.ts";
import { NO_MEMORY } from "../../generation/memory-use.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import type { AnswerTo, Question } from "../../generation/questions.ts";
import type { PreparedRequest } from "../../generation/request.ts";
import { type AskNodesOptions, askNodes } from "./ask-nodes.ts";
import { ClusterRequest, type ClusterRequestOptions } from "./cluster-request.ts";
import { modelStatus } from "./model-status.ts";
import type { ModelNode, Nodes } from "./nodes.ts";
import type { Quarantine } from "./quarantine.ts";

export type ClusterEngineOptions = Pick<
  RemoteRunOptions,
  "streamBufferBytes" | "parkTimeoutMs" | "onWastedTokens"
> &
  Pick<ClusterRequestOptions, "onMoved"> & {
    /** Key of the model. */
    readonly model: string;
    readonly nodes: Nodes;
    readonly quarantine: Quarantine;
    /** How long a question waits for a node that serves the model. */
    readonly queueTimeoutMs: () => number;
  };

type ContinuedRun = Pick<ClusterRequestOptions, "found" | "requestId">;

export class ClusterEngine implements Engine {
  readonly keepsStreams = true;
  readonly #options: ClusterEngineOptions;
  readonly #closed = sharedController();
  #known: ModelInfo | null = null;

  constructor(options: ClusterEngineOptions) {
    this.#options = options;
  }

  /** The nodes have loaded it, or do so by themselves. It takes no memory here. */
  async load(): Promise<ModelInfo> {
    const { model } = this.status();
    if (!model) throw new ServiceError("engine_unavailable", "no node has loaded this model yet");
    return { ...model, memory: NO_MEMORY };
  }

  async unload(): Promise<void> {}

  status(): EngineStatus {
    const { nodes, model } = this.#options;
    const status = modelStatus(nodes.having(model), this.#known);
    this.#known = status.model;
    return this.#closed.signal.aborted ? { ...status, state: "closed" } : status;
  }

  async close(): Promise<void> {
    this.#closed.abort(new ServiceError("engine_unavailable", "the model is not served any more"));
  }

  ask<Q extends Question>(
    question: Q,
    { signal }: { readonly signal: AbortSignal },
  ): PendingAnswer<Q> {
    const costs: Promise<number>[] = [];
    const answer = this.#ask(question, signal, costs) as Promise<AnswerTo<Q>>; // the answer has the question's type
    const total = async () => (await Promise.all(costs)).reduce((sum, ms) => sum + ms, 0);
    return { answer, costMs: answer.then(total, total) };
  }

  async #ask(question: Question, signal: AbortSignal, costs: Promise<number>[]) {
    const { nodes, model, quarantine, queueTimeoutMs } = this.#options;
    quarantine.check(question);
    const options: Omit<AskNodesOptions, "signal"> = {
      nodes,
      model,
      waitLimitMs: queueTimeoutMs(),
      compare: bySmallestContext,
      onAsked: ({ costMs }) => costs.push(costMs),
      onCulprit: () => quarantine.add(question),
    };
    const reply = await withEither([signal, this.#closed.signal], (either) =>
      askNodes({ type: "ask", model, question }, { ...options, signal: either }),
    );
    if (reply.type !== "answered") throw new Error(`a question was answered with ${reply.type}`);
    return reply.answer;
  }

  generate(
    request: PreparedRequest,
    options: GenerateOptions,
  ): AsyncGenerator<GenerateEvent, void, undefined> {
    const requestId = randomBytes(9).toString("base64url");
    return this.continue(request, options, { requestId, found: null });
  }

  /** As `generate()`, for a request that another gateway has begun. */
  continue(
    request: PreparedRequest,
    { deadline = new AbortController().signal, cacheScope = "", ...options }: GenerateOptions,
    continued: ContinuedRun,
  ): AsyncGenerator<GenerateEvent, void, undefined> {
    const { nodes, quarantine } = this.#options;
    const { lease } = options;
    const work = new ClusterRequest({
      ...this.#options,
      ...options,
      ...continued,
      request,
      deadline,
      cacheScope,
      closed: this.#closed.signal,
      check: () => {
        quarantine.check(request);
        nodes.check();
      },
    });
    const onEnd = () => work.hasFailedProof && quarantine.add(request);
    return generateInRuns(work.newRun, { request, lease, deadline, onEnd }); // not a generator of its own: it would cost time for every event
  }
}

/** A prompt that is prepared for the smallest context fits on every node. */
function bySmallestContext(one: ModelNode, other: ModelNode): number {
  const contextOf = ({ model }: ModelNode) => model.info?.contextTokens ?? 0;
  return contextOf(one) - contextOf(other) || one.link.questions.size - other.link.questions.size;
}
