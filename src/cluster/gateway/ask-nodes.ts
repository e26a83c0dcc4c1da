// Asks a node a question that needs no slot, and another node if that one is lost.

import { ServiceError } from "../../errors.ts";
import type { NodeReply, PendingReply, QuestionToNode } from "./linked-questions.ts";
import type { ModelNode, Nodes } from "./nodes.ts";

/** A question whose node or worker was lost is asked again on one other node. */
const MOST_CRASHES = 2;
/** A question is not asked more often, because messages are lost. */
const MOST_ATTEMPTS = 5;

export type AskNodesOptions = {
  readonly nodes: Nodes;
  /** Key of the model. */
  readonly model: string;
  readonly signal: AbortSignal;
  /** How long it waits for a node that serves the model. */
  readonly waitLimitMs: number;
  /** The node to ask first. */
  readonly compare: (one: ModelNode, other: ModelNode) => number;
  /** Receives each attempt. */
  readonly onAsked: (pending: PendingReply) => void;
  /** The second node is lost too: the question may be why. */
  readonly onCulprit: () => void;
};

export type GivenReply = Exclude<NodeReply, { type: "refused" }>;

/** @throws ServiceError the node's refusal, `engine_unavailable`, `queue_timeout`, `worker_crashed`, or the signal's reason */
export async function askNodes(
  question: QuestionToNode,
  options: AskNodesOptions,
): Promise<GivenReply> {
  const { nodes, signal, onAsked, onCulprit } = options;
  const tried = new Set<string>();
  let crashes = 0;
  for (let attempt = 1; ; attempt += 1) {
    nodes.check();
    const { link } = await nodeFor(options, tried);
    tried.add(link.node.incarnation);
    const pending = link.questions.ask(question, signal);
    onAsked(pending);
    const reply = await pending.reply;
    if (reply.type !== "refused") return reply;
    if (!reply.isLost) throw reply.error;
    if (reply.error.code === "worker_crashed") crashes += 1;
    if (crashes < MOST_CRASHES && attempt < MOST_ATTEMPTS) continue;
    if (crashes >= MOST_CRASHES) onCulprit();
    throw reply.error;
  }
}

/** A node that has not been asked yet, or if there is no other one that serves the model, one that has. */
async function nodeFor(
  { nodes, model, signal, waitLimitMs, compare }: AskNodesOptions,
  tried: ReadonlySet<string>,
): Promise<ModelNode> {
  const startedMs = performance.now();
  for (;;) {
    const serving = [...nodes.serving(model)].sort(compare);
    const fresh = serving.find(({ link }) => !tried.has(link.node.incarnation));
    const chosen = fresh ?? serving[0];
    if (chosen) return chosen;
    const leftMs = startedMs + waitLimitMs - performance.now();
    if (leftMs <= 0) throw noNode(waitLimitMs);
    await nodes.changed(signal, leftMs);
  }
}

function noNode(waitLimitMs: number): ServiceError {
  const message = `no node served this model within ${waitLimitMs / 1000} s (--queue-timeout)`;
  return new ServiceError("queue_timeout", message, { retryAfterSeconds: 1 });
}
