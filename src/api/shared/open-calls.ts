// Matches tool results to tool calls, for Gemini and Ollama, whose clients may omit the ids of calls.

import type { ToolCall } from "../../generation/request.ts";

type OpenCall = { readonly call: ToolCall; hasResult: boolean };
type CallQueue = { readonly calls: OpenCall[]; next: number };

export class OpenCalls {
  readonly #byId = new Map<string, CallQueue>();
  readonly #byName = new Map<string, CallQueue>();
  readonly #all: CallQueue = { calls: [], next: 0 };

  add(call: ToolCall): void {
    const open = { call, hasResult: false };
    queueIn(this.#byId, call.id).calls.push(open);
    queueIn(this.#byName, call.name).calls.push(open);
    this.#all.calls.push(open);
  }

  /**
   * Finds the first call without a result that fits: by id, else by name, else any. Later results skip that call.
   * @returns undefined if no call fits
   */
  take(id: string | null, name: string | null): ToolCall | undefined {
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
