// The questions and embeddings that one node was asked and has not answered yet.

import { fromWireError } from "../../engine/messages.ts";
import { ServiceError } from "../../errors.ts";
import { type Deferred, deferred, orAborted } from "../../generation/deferred.ts";
import type { FromNode, ToNode } from "../messages.ts";

type AskNode = Extract<ToNode, { type: "ask" | "embed" }>;
/** A question without its id. */
export type QuestionToNode =
  | Omit<Extract<AskNode, { type: "ask" }>, "id">
  | Omit<Extract<AskNode, { type: "embed" }>, "id">;
type Reply = Extract<FromNode, { type: "answered" | "embedded" | "refused" }>;
type Vectors = Extract<FromNode, { type: "vectors" | "embedded" }>;

/** How a question ended. */
export type NodeReply =
  | Exclude<Reply, { type: "refused" }>
  | {
      readonly type: "refused";
      readonly error: ServiceError;
      /** Whether another node may be asked. */
      readonly isLost: boolean;
    };

type OpenNodeQuestion = {
  readonly reply: Deferred<NodeReply>;
  readonly cost: Deferred<number>;
  isAborted: boolean;
  /** The first ones of an answer that comes in several messages. */
  readonly vectors: Float64Array[];
};

export type PendingReply = {
  /** @throws the signal's reason */
  readonly reply: Promise<NodeReply>;
  /** How long the node has computed, in ms. Resolves when it has stopped, also after an abort; never rejects. */
  readonly costMs: Promise<number>;
};

export class LinkedQuestions {
  readonly #send: (message: ToNode) => void;
  readonly #open = new Map<string, OpenNodeQuestion>();
  #nextId = 0;

  constructor(send: (message: ToNode) => void) {
    this.#send = send;
  }

  get size(): number {
    return this.#open.size;
  }

  ask(question: QuestionToNode, signal: AbortSignal): PendingReply {
    this.#nextId += 1;
    const id = `q${this.#nextId}`;
    const open: OpenNodeQuestion = {
      ...{ reply: deferred(), cost: deferred(), isAborted: false, vectors: [] },
    };
    this.#open.set(id, open);
    this.#send({ ...question, id });
    const onAbort = () => {
      open.isAborted = true;
      this.#send({ type: "abort", id });
    };
    signal.addEventListener("abort", onAbort, { once: true });
    const costMs = open.cost.promise.finally(() => signal.removeEventListener("abort", onAbort));
    return { reply: orAborted(open.reply.promise, signal), costMs };
  }

  receive(message: Reply | Extract<Vectors, { type: "vectors" }>): void {
    switch (message.type) {
      case "vectors":
      case "embedded":
        return this.#addVectors(message);
      case "answered":
        return this.#settle(message.id, message, message.ms);
      case "refused": {
        const { id, error, isLost, ms } = message;
        return this.#settle(id, { type: "refused", error: fromWireError(error), isLost }, ms);
      }
    }
  }

  #addVectors(message: Vectors): void {
    const known = this.#open.get(message.id)?.vectors;
    if (!known) return;
    if (message.first !== known.length) return this.forget(message.id); // those before were lost
    for (const vector of message.vectors) known.push(vector);
    if (message.type === "vectors") return;
    this.#settle(message.id, { ...message, first: 0, vectors: known }, 0);
  }

  /** The node does not know the question: the message with it, or with its answer, was lost. */
  forget(id: string): void {
    const error = new ServiceError("engine_unavailable", "a message to the node was lost");
    this.#settle(id, { type: "refused", error, isLost: true }, 0);
  }

  lose(error: ServiceError, isLost: boolean): void {
    for (const id of [...this.#open.keys()])
      this.#settle(id, { type: "refused", error, isLost }, 0);
  }

  /** The ids of all, and of those that were aborted. */
  get ids(): { readonly all: readonly string[]; readonly aborted: readonly string[] } {
    const all = [...this.#open.keys()];
    return { all, aborted: all.filter((id) => this.#open.get(id)?.isAborted) };
  }

  #settle(id: string, reply: NodeReply, ms: number): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    open?.cost.resolve(ms);
    open?.reply.resolve(reply);
  }
}
