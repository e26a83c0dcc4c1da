// Encoder of POST /v1/responses: reasoning, message and call items, streamed as typed events with sequence numbers.
// https://platform.openai.com/docs/api-reference/responses-streaming

import { type ServiceError, wasStopped } from "../../errors.ts";
import type { Choice } from "../../generation/choice.ts";
import type { Delta, Ending, Receipt } from "../../generation/events.ts";
import type { Frame, StoredAnswerEncoder } from "../dialect.ts";
import { openaiErrors } from "../openai/encoder.ts";
import { CustomInput } from "../shared/custom-tools.ts";
import type { ResponseItem } from "./answer.ts";
import { responseId } from "./diagnostics.ts";
import { type InputItem, withIds } from "./items.ts";
import {
  addTo,
  type CallItem,
  continues,
  deltasOf,
  emptyItem,
  encodeLogprobs,
  isCall,
  wholeText,
} from "./output-items.ts";
import { encodeResponse, type ResponseState } from "./response-object.ts";
import type { ClientTool } from "./tools.ts";

export type ResponsesAnswer = Pick<
  ResponseState,
  "identity" | "fields" | "isStored" | "omitted"
> & {
  /** Without the earlier conversation. */
  readonly input: readonly InputItem[];
  /** The model's name of a tool → the tool as the client knows it. */
  readonly clientTools: ReadonlyMap<string, ClientTool>;
};

/** How the response ended. */
type End = Pick<ResponseState, "status" | "receipt" | "error">;

export const encodeResponsesError = openaiErrors({
  previousId: "previous_response_id",
  messages: "input",
  logitBias: "logit_bias",
});

const EVENTS = {
  message: { delta: "response.output_text.delta", done: "response.output_text.done" },
  reasoning: { delta: "response.reasoning_text.delta", done: "response.reasoning_text.done" },
  function_call: {
    delta: "response.function_call_arguments.delta",
    done: "response.function_call_arguments.done",
  },
  custom_tool_call: {
    delta: "response.custom_tool_call_input.delta",
    done: "response.custom_tool_call_input.done",
  },
} as const;

export class ResponsesEncoder implements StoredAnswerEncoder {
  #answer: ResponsesAnswer;
  readonly #items: ResponseItem[] = [];
  /** The last item, while it is being written. */
  #open: ResponseItem | null = null;
  /** Reads the input of the last item, if that is the call of a custom tool. */
  #input = new CustomInput();
  #end: End | null = null;
  /** Arguments of `body`, kept for `replay`. */
  #whole: { readonly choice: Choice; readonly receipt: Receipt } | null = null;
  #sequence = 0;
  #hasBegun = false;

  constructor(answer: ResponsesAnswer) {
    this.#answer = answer;
  }

  get id(): string {
    return responseId(this.#answer.identity.id);
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
    const { text, logprobs } = this.#add(open, delta);
    if (text === "") return frames;
    const fields = { ...this.#position(open), delta: text };
    const more = open.type === "message" ? { ...fields, logprobs } : fields;
    frames.push(this.#event(EVENTS[open.type].delta, more));
    return frames;
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
    const encoded = encodeResponsesError(error);
    this.#end = { status, receipt, error: isStopped ? null : encoded.error };
    const response = this.state(false);
    if (isStopped) return [...frames, this.#event("response.incomplete", { response })];
    const { code, message, param } = encoded.error;
    const fields = { code, message, param, ...encoded, request_id: requestId };
    return [...frames, this.#event("response.failed", { response }), this.#event("error", fields)];
  }

  body([choice]: readonly [Choice], receipt: Receipt): object {
    for (const delta of deltasOf(choice)) {
      const item = this.#newItem(delta);
      this.#add(item, delta);
      item.status = "completed";
    }
    const status = statusOf(choice.ending);
    const last = this.#items.at(-1);
    if (last) last.status = status;
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
    this.#answer = { ...this.#answer, isStored: false };
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

  output(): readonly ResponseItem[] {
    return this.#items;
  }

  /** The first events; empty after the first call. */
  #opening(): Frame[] {
    if (this.#hasBegun) return [];
    const start = this.start();
    this.#hasBegun = true;
    return [...start, this.#event("response.in_progress", { response: this.state(false) })];
  }

  #itemFor(delta: Delta, frames: Frame[]): ResponseItem {
    if (this.#open && continues(this.#open, delta)) return this.#open;
    this.#close("completed", frames);
    const item = this.#newItem(delta);
    this.#open = item;
    const output_index = this.#items.length - 1;
    const added = isCall(item) ? item : { ...item, content: [] }; // the next event adds the content
    frames.push(this.#event("response.output_item.added", { output_index, item: added }));
    if (!isCall(item)) frames.push(this.#partEvent("added", item));
    return item;
  }

  #newItem(delta: Delta): ResponseItem {
    const { clientTools } = this.#answer;
    const item = emptyItem(delta, clientTools, (prefix) => this.#id(prefix));
    this.#items.push(item);
    this.#input = new CustomInput();
    return item;
  }

  #add(item: ResponseItem, delta: Delta) {
    const text = item.type === "custom_tool_call" ? this.#input.push(delta.text) : delta.text;
    const logprobs = encodeLogprobs(delta);
    addTo(item, text, logprobs);
    return { text, logprobs };
  }

  /** Ends the open item, if there is one. */
  #close(status: ResponseItem["status"], frames: Frame[]): void {
    const item = this.#open;
    if (!item) return;
    this.#open = null;
    item.status = status;
    const fields = { ...this.#position(item), ...wholeText(item) };
    frames.push(this.#event(EVENTS[item.type].done, fields));
    if (!isCall(item)) frames.push(this.#partEvent("done", item));
    const output_index = this.#items.length - 1;
    frames.push(this.#event("response.output_item.done", { output_index, item }));
  }

  #partEvent(name: "added" | "done", item: Exclude<ResponseItem, CallItem>): Frame {
    const fields = { ...this.#position(item), part: item.content[0] };
    return this.#event(`response.content_part.${name}`, fields);
  }

  /** The last item's. */
  #position(item: ResponseItem) {
    const position = { item_id: item.id, output_index: this.#items.length - 1 };
    return isCall(item) ? position : { ...position, content_index: 0 };
  }

  /** An id for the next item. */
  #id(prefix: string): string {
    return `${prefix}_${this.#answer.identity.id}${this.#items.length}`;
  }

  #event(type: string, fields: object): Frame {
    const sequence_number = this.#sequence;
    this.#sequence += 1;
    return { event: type, data: JSON.stringify({ type, sequence_number, ...fields }) };
  }
}

function statusOf({ reason }: Ending): "completed" | "incomplete" {
  return reason === "length" ? "incomplete" : "completed";
}
