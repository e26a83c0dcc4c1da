// The engine of one model that the nodes of the cluster compute.

import { randomBytes } from "node:crypto";
import type { Engine, EngineStatus, GenerateOptions, PendingAnswer } from "../../engine/engine.ts";
import { generateInRuns } from "../../engine/generate-in-runs.ts";
import type { RemoteRunOptions } from "../../engine/remote-run.ts";
import { withEither } from "../../generation/deferred.ts";
import type { GenerateEvent } from "../../generation/events.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import type { AnswerTo, Question } from "../../generation/questions.ts";
import type { PreparedRequest } from "../../generation/request.ts";
import { type AskNodesOptions, askNodes } from "./ask-nodes.ts";
import { ClusterRequest, type ClusterRequestOptions } from "./cluster-request.ts";
import { ModelOnNodes } from "./model-on-nodes.ts";
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
  readonly #model: ModelOnNodes;

  constructor(options: ClusterEngineOptions) {
    this.#options = options;
    this.#model = new ModelOnNodes(options);
  }

  load(): Promise<ModelInfo> {
    return this.#model.load();
  }

  unload(): Promise<void> {
    return this.#model.unload();
  }

  status(): EngineStatus {
    return this.#model.status();
  }

  close(): Promise<void> {
    return this.#model.close();
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
    const reply = await withEither([signal, this.#model.closed], (either) =>
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
      closed: this.#model.closed,
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
