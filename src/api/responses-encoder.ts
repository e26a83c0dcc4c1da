// The answer of a response: items (thoughts, a message, calls), streamed as typed events with sequence numbers.
// https://platform.openai.com/docs/api-reference/responses-streaming

import type { Choice } from "../generation/choice.ts";
import type { Delta, Ending, Receipt, ScoredToken } from "../generation/events.ts";
import type { AnswerEncoder, AnswerIdentity, Frame } from "./dialect.ts";
import { chatLogprobs } from "./openai-scores.ts";
import { encodeTimings } from "./openai-shared.ts";
import type { ResponsesFields } from "./responses-fields.ts";

type Item = { readonly id: string } & Readonly<Record<string, unknown>>;

/** An item that is still being written. */
type Open =
  | { readonly kind: "reasoning"; readonly id: string; text: string }
  | { readonly kind: "message"; readonly id: string; text: string; scores: ScoredToken[] }
  | {
      readonly kind: "call";
      readonly id: string;
      readonly callId: string;
      readonly name: string;
      text: string;
    };

export class ResponsesEncoder implements AnswerEncoder {
  readonly #identity: AnswerIdentity;
  readonly #fields: ResponsesFields;
  readonly #items: Item[] = [];
  #open: Open | null = null;
  #sequence = 0;

  constructor(identity: AnswerIdentity, fields: ResponsesFields) {
    this.#identity = identity;
    this.#fields = fields;
  }

  delta(_choice: number, delta: Delta): readonly Frame[] {
    const frames = this.#opening();
    const open = this.#itemFor(delta, frames);
    open.text += delta.text;
    if (open.kind === "message") open.scores.push(...(delta.scores ?? []));
    if (delta.text !== "") frames.push(this.#textDelta(open, delta));
    return frames;
  }

  /** There is no event for it. */
  progress(): readonly Frame[] {
    return [];
  }

  finish(_choice: number, ending: Ending, receipt: Receipt | null): readonly Frame[] {
    const frames = this.#opening();
    const status = statusOf(ending);
    this.#close(status, frames);
    const response = this.#response({ items: this.#items, ending, receipt });
    frames.push(this.#event(`response.${status}`, { response }));
    return frames;
  }

  body([choice]: readonly Choice[], receipt: Receipt): object {
    if (!choice) throw new Error("a response has a choice");
    const { reasoning, text, toolCalls, ending } = choice;
    const open: Open[] = [];
    const id = (prefix: string) => this.#id(prefix, open.length);
    if (reasoning !== "") open.push({ kind: "reasoning", id: id("rs"), text: reasoning });
    if (text !== "")
      open.push({ kind: "message", id: id("msg"), text, scores: [...choice.scores] });
    for (const call of toolCalls) {
      const ids = { id: id("fc"), callId: id("call") };
      open.push({ kind: "call", ...ids, name: call.name, text: call.arguments });
    }
    const items = open.map((each, index) =>
      itemOf(each, index === open.length - 1 ? statusOf(ending) : "completed"),
    );
    return this.#response({ items, ending, receipt });
  }

  /** Once, before all other events. */
  #opening(): Frame[] {
    if (this.#sequence > 0) return [];
    const response = this.#response({ items: [], ending: null, receipt: null });
    return [
      this.#event("response.created", { response }),
      this.#event("response.in_progress", { response }),
    ];
  }

  #itemFor(delta: Delta, frames: Frame[]): Open {
    const kind = {
      "text-delta": "message",
      "reasoning-delta": "reasoning",
      "tool-call-delta": "call",
    } as const;
    const wanted = kind[delta.type];
    const isSame =
      this.#open?.kind === wanted && !(delta.type === "tool-call-delta" && delta.name !== null);
    if (this.#open && isSame) return this.#open;
    this.#close("completed", frames);
    const open = this.#newItem(delta);
    this.#open = open;
    const place = { output_index: this.#items.length };
    frames.push(
      this.#event("response.output_item.added", { ...place, item: itemOf(open, "in_progress") }),
    );
    if (open.kind !== "call")
      frames.push(
        this.#event("response.content_part.added", { ...this.#place(open), part: partOf(open) }),
      );
    return open;
  }

  #newItem(delta: Delta): Open {
    const number = this.#items.length;
    switch (delta.type) {
      case "text-delta":
        return { kind: "message", id: this.#id("msg", number), text: "", scores: [] };
      case "reasoning-delta":
        return { kind: "reasoning", id: this.#id("rs", number), text: "" };
      case "tool-call-delta": {
        const ids = { id: this.#id("fc", number), callId: this.#id("call", number) };
        return { kind: "call", ...ids, name: delta.name ?? "", text: "" };
      }
    }
  }

  #textDelta(open: Open, { text, scores }: Delta): Frame {
    const fields = { ...this.#place(open), delta: text };
    switch (open.kind) {
      case "reasoning":
        return this.#event("response.reasoning_text.delta", fields);
      case "message":
        return this.#event("response.output_text.delta", {
          ...fields,
          logprobs: logprobsOf(scores ?? []),
        });
      case "call":
        return this.#event("response.function_call_arguments.delta", fields);
    }
  }

  /** Ends the item that is being written, if there is one. */
  #close(status: ItemStatus, frames: Frame[]): void {
    const open = this.#open;
    if (!open) return;
    this.#open = null;
    const place = this.#place(open);
    if (open.kind === "call") {
      const { name, text } = open;
      frames.push(
        this.#event("response.function_call_arguments.done", { ...place, name, arguments: text }),
      );
    } else {
      const isThought = open.kind === "reasoning";
      const type = isThought ? "response.reasoning_text.done" : "response.output_text.done";
      const logprobs = isThought ? {} : { logprobs: logprobsOf(open.scores) };
      frames.push(
        this.#event(type, { ...place, text: open.text, ...logprobs }),
        this.#event("response.content_part.done", { ...place, part: partOf(open) }),
      );
    }
    const item = itemOf(open, status);
    frames.push(
      this.#event("response.output_item.done", { output_index: this.#items.length, item }),
    );
    this.#items.push(item);
  }

  #place(open: Open) {
    const place = { item_id: open.id, output_index: this.#items.length };
    return open.kind === "call" ? place : { ...place, content_index: 0 };
  }

  #id(prefix: string, number: number): string {
    return `${prefix}_${this.#identity.id}${number}`;
  }

  #event(type: string, fields: object): Frame {
    const sequence_number = this.#sequence;
    this.#sequence += 1;
    return { event: type, data: JSON.stringify({ type, sequence_number, ...fields }) };
  }

  #response({ items, ending, receipt }: ResponseState): object {
    const { id, model, createdAtSeconds } = this.#identity;
    const status = ending ? statusOf(ending) : "in_progress";
    return {
      id: `resp_${id}`,
      object: "response",
      created_at: createdAtSeconds,
      status,
      error: null,
      incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
      model,
      output: items,
      ...echoed(this.#fields),
      usage: receipt ? encodeUsage(receipt) : null,
      ...(receipt ? { timings: encodeTimings(receipt) } : {}),
    };
  }
}

type ItemStatus = "in_progress" | "completed" | "incomplete";
type ResponseState = {
  readonly items: readonly Item[];
  readonly ending: Ending | null;
  readonly receipt: Receipt | null;
};

function statusOf({ reason }: Ending): "completed" | "incomplete" {
  return reason === "length" ? "incomplete" : "completed";
}

function itemOf(open: Open, status: ItemStatus): Item {
  const { id } = open;
  const isEmpty = status === "in_progress";
  switch (open.kind) {
    case "reasoning":
      return { id, type: "reasoning", summary: [], content: isEmpty ? [] : [partOf(open)], status };
    case "message":
      return {
        id,
        type: "message",
        role: "assistant",
        content: isEmpty ? [] : [partOf(open)],
        status,
      };
    case "call":
      return {
        id,
        type: "function_call",
        call_id: open.callId,
        name: open.name,
        arguments: open.text,
        status,
      };
  }
}

function partOf(open: Exclude<Open, { kind: "call" }>): object {
  if (open.kind === "reasoning") return { type: "reasoning_text", text: open.text };
  return {
    type: "output_text",
    text: open.text,
    annotations: [],
    logprobs: logprobsOf(open.scores),
  };
}

function logprobsOf(scores: readonly ScoredToken[]) {
  return chatLogprobs(scores)?.content ?? [];
}

/** What the client asked for comes back in the answer, with the defaults filled in. */
function echoed(fields: ResponsesFields): object {
  return {
    instructions: fields.instructions ?? null,
    max_output_tokens: fields.max_output_tokens ?? null,
    parallel_tool_calls: fields.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: fields.reasoning?.effort ?? null, summary: null },
    service_tier: fields.service_tier ?? "default",
    store: false,
    temperature: fields.temperature,
    text: { format: fields.text?.format ?? { type: "text" } },
    tool_choice: fields.tool_choice ?? "auto",
    tools: fields.tools ?? [],
    top_p: fields.top_p,
    truncation: "disabled",
    background: false,
    metadata: fields.metadata ?? {},
  };
}

function encodeUsage({ usage }: Receipt): object {
  return {
    input_tokens: usage.promptTokens,
    input_tokens_details: { cached_tokens: usage.cachedTokens, cache_write_tokens: 0 },
    output_tokens: usage.completionTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.promptTokens + usage.completionTokens,
  };
}
