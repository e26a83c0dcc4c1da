// Encoder of POST /v1/responses: reasoning, message and call items, streamed as typed events with sequence numbers.
// https://platform.openai.com/docs/api-reference/responses-streaming

import { type ServiceError, wasStopped } from "../../errors.ts";
import type { Choice } from "../../generation/choice.ts";
import type { Delta, Ending, Receipt } from "../../generation/events.ts";
import type { Frame, StoredAnswerEncoder } from "../dialect.ts";
import { openaiErrors } from "../openai/encoder.ts";
import { type InputItem, withIds } from "./input.ts";
import { type Item, type ItemStatus, itemOf, logprobsOf, type OpenItem, partOf } from "./items.ts";
import { encodeResponse, type ResponseState, responseId } from "./response-object.ts";

export type ResponsesAnswer = Pick<ResponseState, "identity" | "fields" | "traits"> & {
  /** Without the earlier conversation. */
  readonly input: readonly InputItem[];
};

/** How the response ended. */
type End = Pick<ResponseState, "status" | "receipt" | "error">;

export const encodeResponsesError = openaiErrors({
  previousId: "previous_response_id",
  messages: "input",
  effort: "reasoning.effort",
  variables: "chat_template_kwargs",
  logitBias: "logit_bias",
});

export class ResponsesEncoder implements StoredAnswerEncoder {
  #answer: ResponsesAnswer;
  #items: readonly Item[] = [];
  #open: OpenItem | null = null;
  #end: End | null = null;
  /** Arguments of `body`, kept for `replay`. */
  #whole: { readonly choice: Choice; readonly receipt: Receipt } | null = null;
  #sequence = 0;
  #hasBegun = false;

  constructor(answer: ResponsesAnswer) {
    this.#answer = answer;
  }

  get id(): string {
    return responseId(this.#answer.identity);
  }

  start(): readonly Frame[] {
    if (this.#sequence > 0) return [];
    const { background } = this.#answer.fields;
    const response = this.state(background ?? false);
    const created = this.#event("response.created", { response });
    return background ? [created, this.#event("response.queued", { response })] : [created];
  }

  delta(_choice: number, delta: Delta): readonly Frame[] {
    const frames = this.#opening();
    const open = this.#itemFor(delta, frames);
    addTo(open, delta);
    if (delta.text !== "") frames.push(this.#textDelta(open, delta));
    return frames;
  }

  /** The Responses API has no event for prompt progress. */
  progress(): readonly Frame[] {
    return [];
  }

  finish(_choice: number, ending: Ending, receipt: Receipt | null): readonly Frame[] {
    const frames = this.#opening();
    const status = statusOf(ending);
    this.#close(status, frames);
    this.#end = { status, receipt, error: null };
    frames.push(this.#event(`response.${status}`, { response: this.state(false) }));
    return frames;
  }

  /** A stopped response ends as incomplete. A failed one also sends an `error` event, on which OpenAI's SDKs throw. */
  fail(error: ServiceError, requestId: string, receipt: Receipt): readonly Frame[] {
    const isStopped = wasStopped(error);
    const frames = this.#opening();
    this.#close("incomplete", frames);
    const status = isStopped ? "cancelled" : "failed";
    this.#end = { status, receipt, error: isStopped ? null : error };
    const response = this.state(false);
    if (isStopped) return [...frames, this.#event("response.incomplete", { response })];
    const encoded = encodeResponsesError(error);
    const { code, message, param } = encoded.error;
    const fields = { code, message, param, ...encoded, request_id: requestId };
    return [...frames, this.#event("response.failed", { response }), this.#event("error", fields)];
  }

  body([choice]: readonly Choice[], receipt: Receipt): object {
    if (!choice) throw new Error("a response needs a choice");
    const open = deltasOf(choice).map((delta, number) => {
      const item = this.#newItem(delta, number);
      addTo(item, delta);
      return item;
    });
    const status = statusOf(choice.ending);
    this.#items = open.map((each, index) =>
      itemOf(each, index === open.length - 1 ? status : "completed"),
    );
    this.#end = { status, receipt, error: null };
    this.#whole = { choice, receipt };
    return this.state(false);
  }

  replay(): readonly Frame[] {
    if (!this.#whole) return [];
    const { choice, receipt } = this.#whole;
    const again = new ResponsesEncoder(this.#answer);
    const frames = deltasOf(choice).flatMap((delta) => again.delta(0, delta));
    return [...frames, ...again.finish(0, choice.ending, receipt)];
  }

  forget(): void {
    const { traits } = this.#answer;
    this.#answer = { ...this.#answer, traits: { ...traits, isStored: false } };
  }

  state(isWaiting: boolean): object {
    return encodeResponse({
      ...this.#answer,
      items: this.output(),
      status: isWaiting ? "queued" : "in_progress",
      receipt: null,
      error: null,
      ...this.#end,
    });
  }

  input(): readonly object[] {
    const { input, identity } = this.#answer;
    return withIds(input, identity.id);
  }

  output(): readonly Item[] {
    return this.#open ? [...this.#items, itemOf(this.#open, "in_progress")] : this.#items;
  }

  /** The first events; empty after the first call. */
  #opening(): Frame[] {
    if (this.#hasBegun) return [];
    const start = this.start();
    this.#hasBegun = true;
    return [...start, this.#event("response.in_progress", { response: this.state(false) })];
  }

  #itemFor(delta: Delta, frames: Frame[]): OpenItem {
    const kind = {
      "text-delta": "message",
      "reasoning-delta": "reasoning",
      "tool-call-delta": "call",
    } as const;
    const beginsCall = delta.type === "tool-call-delta" && delta.name !== null;
    if (this.#open?.kind === kind[delta.type] && !beginsCall) return this.#open;
    this.#close("completed", frames);
    const open = this.#newItem(delta, this.#items.length);
    this.#open = open;
    const item = itemOf(open, "in_progress", false);
    frames.push(
      this.#event("response.output_item.added", { output_index: this.#items.length, item }),
    );
    if (open.kind !== "call")
      frames.push(
        this.#event("response.content_part.added", { ...this.#position(open), part: partOf(open) }),
      );
    return open;
  }

  #newItem(delta: Delta, number: number): OpenItem {
    switch (delta.type) {
      case "text-delta":
        return { kind: "message", id: this.#id("msg", number), text: "", logprobs: [] };
      case "reasoning-delta":
        return { kind: "reasoning", id: this.#id("rs", number), text: "" };
      case "tool-call-delta": {
        const ids = { id: this.#id("fc", number), callId: this.#id("call", number) };
        return { kind: "call", ...ids, name: delta.name ?? "", text: "" };
      }
    }
  }

  #textDelta(open: OpenItem, { text, logprobs }: Delta): Frame {
    const fields = { ...this.#position(open), delta: text };
    switch (open.kind) {
      case "reasoning":
        return this.#event("response.reasoning_text.delta", fields);
      case "message":
        return this.#event("response.output_text.delta", {
          ...fields,
          logprobs: logprobsOf(logprobs ?? []),
        });
      case "call":
        return this.#event("response.function_call_arguments.delta", fields);
    }
  }

  /** Ends the open item, if there is one. */
  #close(status: ItemStatus, frames: Frame[]): void {
    const open = this.#open;
    if (!open) return;
    this.#open = null;
    const position = this.#position(open);
    if (open.kind === "call") {
      const { name, text } = open;
      frames.push(
        this.#event("response.function_call_arguments.done", {
          ...position,
          name,
          arguments: text,
        }),
      );
    } else {
      const isReasoning = open.kind === "reasoning";
      const type = isReasoning ? "response.reasoning_text.done" : "response.output_text.done";
      const logprobs = isReasoning ? {} : { logprobs: logprobsOf(open.logprobs) };
      frames.push(
        this.#event(type, { ...position, text: open.text, ...logprobs }),
        this.#event("response.content_part.done", { ...position, part: partOf(open) }),
      );
    }
    const item = itemOf(open, status);
    frames.push(
      this.#event("response.output_item.done", { output_index: this.#items.length, item }),
    );
    this.#items = [...this.#items, item];
  }

  #position(open: OpenItem) {
    const position = { item_id: open.id, output_index: this.#items.length };
    return open.kind === "call" ? position : { ...position, content_index: 0 };
  }

  #id(prefix: string, number: number): string {
    return `${prefix}_${this.#answer.identity.id}${number}`;
  }

  #event(type: string, fields: object): Frame {
    const sequence_number = this.#sequence;
    this.#sequence += 1;
    return { event: type, data: JSON.stringify({ type, sequence_number, ...fields }) };
  }
}

function addTo(open: OpenItem, { text, logprobs = [] }: Delta): void {
  open.text += text;
  if (open.kind === "message") for (const each of logprobs) open.logprobs.push(each);
}

function statusOf({ reason }: Ending): "completed" | "incomplete" {
  return reason === "length" ? "incomplete" : "completed";
}

/** The fewest deltas that make up a whole answer. */
function deltasOf({ reasoning, text, toolCalls, logprobs }: Choice): readonly Delta[] {
  const untimed = { tokens: 0, atMs: 0 };
  return [
    ...(reasoning === ""
      ? []
      : [{ ...untimed, type: "reasoning-delta" as const, text: reasoning }]),
    ...(text === "" ? [] : [{ ...untimed, type: "text-delta" as const, text, logprobs }]),
    ...toolCalls.map((call, index) => ({
      ...untimed,
      type: "tool-call-delta" as const,
      index,
      name: call.name,
      text: call.arguments,
    })),
  ];
}
