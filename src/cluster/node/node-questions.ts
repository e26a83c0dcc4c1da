// Questions of gateways that need no slot, and their embeddings: asked, answered once, and aborted when the gateway is gone.

import { toWireError } from "../../engine/messages.ts";
import { ServiceError, toServiceError } from "../../errors.ts";
import type { EmbeddingRequest } from "../../generation/embedding.ts";
import type { FromNode, ToNode } from "../messages.ts";
import type { NodeEngine } from "./node-engine.ts";

type EmbeddedMessage = Extract<FromNode, { type: "embedded" }>;

/** Numbers of vectors in one message: 1 MiB, which is 1.4 MB in a packet. */
const NUMBERS_OF_A_MESSAGE = 2 ** 17;

/** Computes embeddings, or ranks documents. */
export type ComputeEmbeddings = (
  request: EmbeddingRequest,
  signal: AbortSignal,
) => Promise<Omit<EmbeddedMessage, "type" | "id" | "first">>;

/** What a model can be asked; null for what it cannot do. */
export type AskedModel = {
  readonly engine: NodeEngine | null;
  readonly embed: ComputeEmbeddings | null;
};

export type NodeQuestionsOptions = {
  readonly modelOf: (key: string) => AskedModel | null;
  /** Sends to a gateway. */
  readonly post: (gateway: string, message: FromNode) => void;
  /** Called when a question has been answered. */
  readonly onChange: () => void;
};

type OpenQuestion = {
  readonly gateway: string;
  readonly id: string;
  readonly abort: AbortController;
};
type Outcome = Extract<FromNode, { type: "answered" | "embedded" | "refused" }>;

export class NodeQuestions {
  readonly #options: NodeQuestionsOptions;
  /** By gateway and id: two gateways may use the same ids. */
  readonly #open = new Map<string, OpenQuestion>();

  constructor(options: NodeQuestionsOptions) {
    this.#options = options;
  }

  /** Questions that have not been answered. */
  get open(): number {
    return this.#open.size;
  }

  ask(gateway: string, { id, model, question }: Extract<ToNode, { type: "ask" }>): void {
    void this.#answer(gateway, id, async (signal) => {
      const engine = this.#options.modelOf(model)?.engine;
      if (!engine) throw notServed();
      const pending = engine.ask(question, { signal });
      try {
        const answer = await pending.answer;
        return { type: "answered", id, answer, ms: await pending.costMs };
      } catch (error) {
        const isLost = engine.isLostWith(error);
        return refusal(id, error, { ms: await pending.costMs, isLost });
      }
    });
  }

  embed(gateway: string, { id, model, request }: Extract<ToNode, { type: "embed" }>): void {
    void this.#answer(gateway, id, async (signal) => {
      const embed = this.#options.modelOf(model)?.embed;
      if (!embed) throw notServed();
      const { vectors, promptTokens } = await embed(request, signal);
      return { type: "embedded", id, first: 0, vectors, promptTokens };
    });
  }

  abort(gateway: string, id: string): void {
    this.#open.get(keyOf(gateway, id))?.abort.abort(cancelled());
  }

  /**
   * @param listed what the gateway waits for; its other questions are aborted and forgotten, because it may use their ids again
   * @returns the ids that the node does not have
   */
  sync(gateway: string, listed: readonly string[]): readonly string[] {
    for (const [key, question] of this.#open) {
      if (question.gateway !== gateway || listed.includes(question.id)) continue;
      this.#open.delete(key);
      question.abort.abort(cancelled());
    }
    return listed.filter((id) => !this.#open.has(keyOf(gateway, id)));
  }

  /** The gateway is gone. */
  abortAllOf(gateway: string): void {
    this.sync(gateway, []);
  }

  abortAll(): void {
    for (const { abort } of this.#open.values()) abort.abort(cancelled());
  }

  async #answer(
    gateway: string,
    id: string,
    compute: (signal: AbortSignal) => Promise<Outcome>,
  ): Promise<void> {
    const key = keyOf(gateway, id);
    if (this.#open.has(key)) return;
    const question = { gateway, id, abort: new AbortController() };
    this.#open.set(key, question);
    const failed = (error: unknown) => refusal(id, error, { ms: 0, isLost: false });
    const outcome = await compute(question.abort.signal).catch(failed);
    if (this.#open.get(key) !== question) return; // forgotten
    this.#open.delete(key);
    for (const message of outcome.type === "embedded" ? messagesOf(outcome) : [outcome])
      this.#options.post(gateway, message);
    this.#options.onChange();
  }
}

/** The vectors of many inputs would be larger than a packet may be. */
function messagesOf(embedded: EmbeddedMessage): readonly FromNode[] {
  const { id, vectors } = embedded;
  const length = Math.max(1, vectors[0]?.length ?? 1);
  const size = Math.max(1, Math.floor(NUMBERS_OF_A_MESSAGE / length));
  const messages: FromNode[] = [];
  let first = 0;
  for (; first + size < vectors.length; first += size)
    messages.push({ type: "vectors", id, first, vectors: vectors.slice(first, first + size) });
  return [...messages, { ...embedded, first, vectors: vectors.slice(first) }];
}

function keyOf(gateway: string, id: string): string {
  return `${gateway} ${id}`;
}

function refusal(
  id: string,
  error: unknown,
  cost: { readonly ms: number; readonly isLost: boolean },
): Outcome {
  return { type: "refused", id, error: toWireError(toServiceError(error)), ...cost };
}

function notServed(): ServiceError {
  return new ServiceError("engine_unavailable", "this node does not serve the model");
}

function cancelled(): ServiceError {
  return new ServiceError("aborted", "the gateway does not wait for the answer any more");
}
