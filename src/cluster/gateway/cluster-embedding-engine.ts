// Embeddings and ranking of one model, computed by the nodes of the cluster.

import type { EmbeddingEngine, EmbeddingRunOptions } from "../../engine/embedding-engine.ts";
import type { EngineStatus } from "../../engine/engine.ts";
import { cannotRank } from "../../engine/messages.ts";
import { settlesWithin, withEither } from "../../generation/deferred.ts";
import type { EmbeddingRequest } from "../../generation/embedding.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import { type AskNodesOptions, askNodes } from "./ask-nodes.ts";
import type { ClusterEngineOptions } from "./cluster-engine.ts";
import { ModelOnNodes } from "./model-on-nodes.ts";
import type { ModelNode } from "./nodes.ts";

/** How long an aborted request keeps its turn at most, while its node stops. */
const STOP_LIMIT_MS = 500;

export class ClusterEmbeddingEngine implements EmbeddingEngine {
  readonly #options: Pick<ClusterEngineOptions, "model" | "nodes" | "queueTimeoutMs">;
  readonly #model: ModelOnNodes;

  constructor(options: Pick<ClusterEngineOptions, "model" | "nodes" | "queueTimeoutMs">) {
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

  check({ type }: EmbeddingRequest): void {
    if (type === "rank" && this.status().model?.canRank === false) throw cannotRank();
  }

  async run(
    request: EmbeddingRequest,
    { signal, onResult }: EmbeddingRunOptions,
  ): Promise<{ readonly promptTokens: number }> {
    const { nodes, model, queueTimeoutMs } = this.#options;
    const costs: Promise<number>[] = [];
    const question = { type: "embed", model, request } as const;
    const options: Omit<AskNodesOptions, "signal"> = {
      nodes,
      model,
      waitLimitMs: queueTimeoutMs(),
      compare: byOpenQuestions,
      onAsked: ({ costMs }) => costs.push(costMs),
      onCulprit: () => {},
    };
    const asked = withEither([signal, this.#model.closed], (either) =>
      askNodes(question, { ...options, signal: either }),
    );
    const reply = await asked.catch(async (error) => {
      await settlesWithin(Promise.all(costs), STOP_LIMIT_MS);
      throw error;
    });
    if (reply.type !== "embedded") throw new Error(`embeddings were answered with ${reply.type}`);
    for (const vector of reply.vectors) onResult(vector);
    return { promptTokens: reply.promptTokens };
  }
}

function byOpenQuestions(one: ModelNode, other: ModelNode): number {
  return one.link.questions.size - other.link.questions.size;
}
