// The input of a response, a string or a list of items → Message. The items of one answer (reasoning, text, calls) become
// one message. https://platform.openai.com/docs/api-reference/responses/create

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { Message, ToolCall } from "../../generation/request.ts";
import { textOf } from "../openai/messages.ts";
import * as field from "../shared/field-types.ts";
import { isObject, unreadable } from "../shared/refusals.ts";
import { readArguments } from "../shared/tool-calls.ts";

const PART_TYPES = ["input_text", "output_text", "text"] as const;
/** Clients send answers back unchanged, so fields that a model does not read are allowed. */
const textPart = z.looseObject({
  type: field.kind([...PART_TYPES]),
  text: field.anyText,
  annotations: field.optional(z.array(z.unknown()), "Ignored."),
  logprobs: field.optional(z.array(z.unknown()), "Ignored."),
});
const reasoningPart = z.looseObject({
  type: field.text("The form of this object."),
  text: field.anyText,
});

const content = z
  .union([z.string(), z.array(textPart).min(1)], {
    error: 'must be a string, or a list of parts {type: "input_text", text: string}',
  })
  .describe("The text, or a list of parts.");

const callId = z.string().min(1).describe("The id that a call and its output share.");

const common = {
  id: field.text("Id of the item. Ignored."),
  status: field.optional(z.enum(["in_progress", "completed", "incomplete"]), "Ignored."),
};

const item = z.discriminatedUnion(
  "type",
  [
    field.form("message", {
      role: field.role("system", "developer", "user", "assistant"),
      content,
      ...common,
    }),
    field.form("function_call", {
      call_id: callId,
      name: field.functionName,
      arguments: field.argumentsText,
      ...common,
    }),
    field.form("function_call_output", {
      call_id: callId,
      output: content.describe("For function_call_output: the result."),
      ...common,
    }),
    field.form("reasoning", {
      summary: field.optional(
        z.array(reasoningPart),
        "For a reasoning item: the reasoning, used if content is absent.",
      ),
      content: field.optional(z.array(reasoningPart), "For a reasoning item: the reasoning."),
      id: common.id,
      encrypted_content: field.refused("must be null: this server cannot read encrypted reasoning"),
      status: common.status,
    }),
  ],
  { error: "type must be message, function_call, function_call_output or reasoning" },
);

export const input = z
  .array(item, "must be a string, or a list of items")
  .min(1, "must have at least one item");

/** Expands short forms: a string becomes a user message, and an item with a role but no type becomes a message. */
export function withItems(body: unknown): unknown {
  if (!isObject(body)) return body;
  const { input: given } = body;
  if (typeof given === "string")
    return { ...body, input: [{ type: "message", role: "user", content: given }] };
  return Array.isArray(given) ? { ...body, input: given.map(withType) } : body;
}

function withType(each: unknown): unknown {
  return isObject(each) && "role" in each ? { ...each, type: each.type ?? "message" } : each;
}

export type InputItem = z.output<typeof item>;

/** OpenAI's part types that a text model cannot read. */
const MEDIA_PARTS = ["input_image", "input_file", "input_audio"];

/** Refuses media and references with a specific reason; the schema would only report an invalid value. */
export function refuseUnreadableItems(given: unknown): void {
  if (!Array.isArray(given)) return;
  for (const [index, each] of given.entries()) {
    if (!isObject(each)) continue;
    const { type, content: parts, output } = each;
    if (type === "item_reference") {
      const message = "item references are not supported by this server; send the item itself";
      throw new ServiceError("unsupported_content", message, { param: `input[${index}]` });
    }
    refuseMedia(parts, `input[${index}].content`);
    refuseMedia(output, `input[${index}].output`);
  }
}

function refuseMedia(parts: unknown, path: string): void {
  if (!Array.isArray(parts)) return;
  for (const [index, part] of parts.entries()) {
    const type = (part as { type?: unknown } | null)?.type;
    if (typeof type !== "string" || !MEDIA_PARTS.includes(type)) continue;
    throw unreadable(`a part of type ${type}`, `${path}[${index}]`);
  }
}

/** A message of the assistant while its items are collected. */
type AssistantMessage = {
  readonly role: "assistant";
  reasoning: string | null;
  content: string;
  readonly toolCalls: ToolCall[];
};
type OtherMessage = Exclude<Message, { readonly role: "assistant" }>;

/** OpenAI's prefixes of item ids. */
const ID_PREFIXES = {
  message: "msg",
  function_call: "fc",
  function_call_output: "fco",
  reasoning: "rs",
} as const;

/** The items as `input_items` lists them: each with an id, and texts as parts. @param unique id of the response */
export function withIds(given: readonly InputItem[], unique: string): readonly InputItem[] {
  return given.map((each, index) => ({
    ...each,
    ...(each.type === "message" ? { content: partsOf(each) } : {}),
    id: each.id ?? `${ID_PREFIXES[each.type]}_${unique}in${index}`,
  }));
}

function partsOf({ role, content: given }: Extract<InputItem, { type: "message" }>) {
  if (typeof given !== "string") return given;
  const type = role === "assistant" ? ("output_text" as const) : ("input_text" as const);
  return [{ type, text: given }];
}

/** The earlier conversation without calls that were cut off, which a model cannot continue from. */
export function readEarlier(conversation: readonly object[]): readonly InputItem[] {
  const items = conversation as readonly InputItem[]; // items that this dialect validated before it stored them
  return items.filter((each) => each.type !== "function_call" || each.status !== "incomplete");
}

/** @throws ServiceError 400 naming the item */
export function readInput(
  given: readonly InputItem[],
  { instructions, firstOwn }: { readonly instructions: string | null; readonly firstOwn: number },
): readonly Message[] {
  const messages: (AssistantMessage | OtherMessage)[] = [];
  if (instructions !== null) messages.push({ role: "system", content: instructions });
  const names = new Map<string, string>();
  for (const [index, each] of given.entries()) {
    const next = readItem(each, `input[${index - firstOwn}]`, names);
    const last = messages.at(-1);
    if (last?.role === "assistant" && next.role === "assistant" && isSameAnswer(last, next))
      add(last, next);
    else messages.push(next);
  }
  return messages;
}

/** Text after text or calls begins a new answer, and so does reasoning after anything. */
function isSameAnswer(earlier: AssistantMessage, later: AssistantMessage): boolean {
  const hasEnded = earlier.content !== "" || earlier.toolCalls.length > 0;
  if (later.reasoning !== null && (hasEnded || earlier.reasoning !== null)) return false;
  return later.content === "" || !hasEnded;
}

/** Modifies `earlier`, because copying would be slow for an answer with thousands of calls. */
function add(earlier: AssistantMessage, later: AssistantMessage): void {
  earlier.reasoning ??= later.reasoning;
  earlier.content += later.content;
  earlier.toolCalls.push(...later.toolCalls);
}

function readItem(
  each: InputItem,
  path: string,
  names: Map<string, string>,
): AssistantMessage | OtherMessage {
  switch (each.type) {
    case "function_call": {
      names.set(each.call_id, each.name);
      const call = {
        id: each.call_id,
        name: each.name,
        arguments: readArguments(each.arguments, `${path}.arguments`),
      };
      return { role: "assistant", content: "", reasoning: null, toolCalls: [call] };
    }
    case "function_call_output":
      return {
        role: "tool",
        content: textOf(each.output),
        toolCallId: each.call_id,
        name: names.get(each.call_id) ?? null,
      };
    case "reasoning": {
      const parts = each.content ?? each.summary ?? [];
      const reasoning = parts.map(({ text }) => text).join("\n");
      return { role: "assistant", content: "", reasoning, toolCalls: [] };
    }
    default: {
      const { role, content: given } = each;
      const text = textOf(given);
      if (role === "assistant") return { role, content: text, reasoning: null, toolCalls: [] };
      return { role: role === "developer" ? "system" : role, content: text };
    }
  }
}
