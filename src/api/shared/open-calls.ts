// Calls of a conversation that wait for their results, for APIs whose clients may leave the ids of calls out.

import type { ToolCall } from "../../generation/request.ts";

type OpenCall = { readonly call: ToolCall; hasResult: boolean };
type Line = { readonly calls: OpenCall[]; next: number };

export class OpenCalls {
  readonly #byId = new Map<string, Line>();
  readonly #byName = new Map<string, Line>();
  readonly #all: Line = { calls: [], next: 0 };

  add(call: ToolCall): void {
    const open = { call, hasResult: false };
    lineIn(this.#byId, call.id).calls.push(open);
    lineIn(this.#byName, call.name).calls.push(open);
    this.#all.calls.push(open);
  }

  /**
   * The first call that a result may belong to: by its id, else by its name, else any. It belongs to no other result then.
   * @returns undefined for a result without a call
   */
  take(id: string | null, name: string | null): ToolCall | undefined {
    const line = id ? this.#byId.get(id) : name ? this.#byName.get(name) : this.#all;
    if (!line) return undefined;
    for (; line.next < line.calls.length; line.next++) {
      const open = line.calls[line.next];
      if (!open || open.hasResult) continue;
      open.hasResult = true;
      return open.call;
    }
    return undefined;
  }
}

function lineIn(lines: Map<string, Line>, key: string): Line {
  const known = lines.get(key);
  if (known) return known;
  const line: Line = { calls: [], next: 0 };
  lines.set(key, line);
  return line;
}
