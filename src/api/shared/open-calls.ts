// Matches tool results to tool calls, for Gemini and Ollama, whose clients may omit the ids of calls.

import type { Message, ToolCall } from "../../generation/request.ts";

type GivenCall = {
  readonly id?: string | null | undefined;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>> | null | undefined;
};

type GivenResult = {
  readonly id: string | null | undefined;
  readonly name: string | null | undefined;
  readonly content: string;
};

type OpenCall = { readonly call: ToolCall; hasResult: boolean };
type CallQueue = { readonly calls: OpenCall[]; next: number };

export class OpenCalls {
  readonly #byId = new Map<string, CallQueue>();
  readonly #byName = new Map<string, CallQueue>();
  readonly #all: CallQueue = { calls: [], next: 0 };

  /** A call without an id gets its number as id. */
  add({ id, name, arguments: args }: GivenCall): ToolCall {
    const call = {
      id: id || `call_${this.#all.calls.length}`,
      name,
      arguments: (args ?? {}) as ToolCall["arguments"], // it came out of JSON
    };
    const open = { call, hasResult: false };
    queueIn(this.#byId, call.id).calls.push(open);
    queueIn(this.#byName, call.name).calls.push(open);
    this.#all.calls.push(open);
    return call;
  }

  /** The result belongs to the first call without a result that fits: by id, else by name, else any. */
  resultOf({ id, name, content }: GivenResult): Message {
    const call = this.#take(id, name);
    return {
      role: "tool",
      content,
      toolCallId: call?.id ?? (id || null),
      name: call?.name ?? name ?? null,
    };
  }

  #take(id: GivenResult["id"], name: GivenResult["name"]): ToolCall | undefined {
    const queue = id ? this.#byId.get(id) : name ? this.#byName.get(name) : this.#all;
    if (!queue) return undefined;
    for (; queue.next < queue.calls.length; queue.next++) {
      const open = queue.calls[queue.next];
      if (!open || open.hasResult) continue;
      open.hasResult = true;
      return open.call;
    }
    return undefined;
  }
}

function queueIn(queues: Map<string, CallQueue>, key: string): CallQueue {
  const known = queues.get(key);
  if (known) return known;
  const queue: CallQueue = { calls: [], next: 0 };
  queues.set(key, queue);
  return queue;
}
