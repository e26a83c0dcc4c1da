// The items of an answer while they are written: text, reasoning, and calls of functions and custom tools.

import type { Choice } from "../../generation/choice.ts";
import type { Delta } from "../../generation/events.ts";
import { chatLogprobs } from "../openai/logprobs.ts";
import type { ResponseItem } from "./answer.ts";
import type { ClientTool } from "./tools.ts";

export type CallItem = Extract<ResponseItem, { type: "function_call" | "custom_tool_call" }>;

export function isCall(item: ResponseItem): item is CallItem {
  return item.type === "function_call" || item.type === "custom_tool_call";
}

/** Whether a delta is more of this item. */
export function continues(item: ResponseItem, delta: Delta): boolean {
  if (delta.type === "tool-call-delta") return delta.name === null && isCall(item);
  return item.type === (delta.type === "text-delta" ? "message" : "reasoning");
}

/** @param id returns an id with this prefix */
export function emptyItem(
  delta: Delta,
  clientTools: ReadonlyMap<string, ClientTool>,
  id: (prefix: string) => string,
): ResponseItem {
  const status = "in_progress";
  switch (delta.type) {
    case "text-delta": {
      const part = { type: "output_text" as const, text: "", annotations: [], logprobs: [] };
      return { id: id("msg"), type: "message", role: "assistant", content: [part], status };
    }
    case "reasoning-delta": {
      const content = [{ type: "reasoning_text" as const, text: "" }];
      return { id: id("rs"), type: "reasoning", summary: [], content, status };
    }
    case "tool-call-delta": {
      const tool = clientTools.get(delta.name ?? "");
      const call = {
        call_id: id("call"),
        name: tool?.name ?? delta.name ?? "",
        ...(tool?.namespace ? { namespace: tool.namespace } : {}),
      };
      return tool?.isCustom
        ? { id: id("ctc"), type: "custom_tool_call", ...call, input: "", status }
        : { id: id("fc"), type: "function_call", ...call, arguments: "", status };
    }
  }
}

type Logprobs = ReturnType<typeof encodeLogprobs>;

export function encodeLogprobs({ logprobs = [] }: Delta) {
  return chatLogprobs(logprobs).content;
}

export function addTo(item: ResponseItem, text: string, logprobs: Logprobs): void {
  if (item.type === "function_call") item.arguments += text;
  else if (item.type === "custom_tool_call") item.input += text;
  else
    for (const part of item.content) {
      part.text += text;
      if (part.type === "output_text") for (const each of logprobs) part.logprobs.push(each);
    }
}

/** The fields of a `done` event that hold the whole text. */
export function wholeText(item: ResponseItem): object {
  if (item.type === "function_call") return { name: item.name, arguments: item.arguments };
  if (item.type === "custom_tool_call") return { input: item.input };
  const text = { text: item.content[0]?.text };
  return item.type === "reasoning" ? text : { ...text, logprobs: item.content[0]?.logprobs };
}

/** The fewest deltas that make up a whole answer. */
export function deltasOf({ reasoning, text, toolCalls, logprobs }: Choice): readonly Delta[] {
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
