// Output items of a response: reasoning, a message, calls. The next request gets them back as its input.
// https://platform.openai.com/docs/api-reference/responses/object

import type { PositionLogprobs } from "../../generation/events.ts";
import { chatLogprobs } from "../openai/logprobs.ts";

export type ItemStatus = "in_progress" | "completed" | "incomplete";

export type Item = { readonly id: string } & Readonly<Record<string, unknown>>;

/** An item that is still being written. */
export type OpenItem =
  | { readonly kind: "reasoning"; readonly id: string; text: string }
  | { readonly kind: "message"; readonly id: string; text: string; logprobs: PositionLogprobs[] }
  | {
      readonly kind: "call";
      readonly id: string;
      readonly callId: string;
      readonly name: string;
      text: string;
    };

/** @param hasContent false if later events add the content */
export function itemOf(open: OpenItem, status: ItemStatus, hasContent = true): Item {
  const { id } = open;
  if (open.kind === "call") {
    const call = { call_id: open.callId, name: open.name, arguments: open.text };
    return { id, type: "function_call", ...call, status };
  }
  const content = hasContent ? [partOf(open)] : [];
  return open.kind === "reasoning"
    ? { id, type: "reasoning", summary: [], content, status }
    : { id, type: "message", role: "assistant", content, status };
}

export function partOf(open: Exclude<OpenItem, { kind: "call" }>): object {
  if (open.kind === "reasoning") return { type: "reasoning_text", text: open.text };
  return {
    type: "output_text",
    text: open.text,
    annotations: [],
    logprobs: logprobsOf(open.logprobs),
  };
}

export function logprobsOf(logprobs: readonly PositionLogprobs[]) {
  return chatLogprobs(logprobs).content;
}
