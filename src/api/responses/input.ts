// The input of a response: a text or a list of items → Message. Items that belong to one answer of the model (its thoughts,
// its text, its calls) become one message. https://platform.openai.com/docs/api-reference/responses/create

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { Message, ToolCall } from "../../generation/request.ts";
import { textOf } from "../openai/messages.ts";
import { readArguments } from "../shared/tool-calls.ts";

const PART_TYPES = ["input_text", "output_text", "text"] as const;
/** Answers come back as they were given, with what says nothing to a model. */
const textPart = z.looseObject({
  type: z.enum(PART_TYPES),
  text: z.string(),
  annotations: z.array(z.unknown()).nullish(),
  logprobs: z.array(z.unknown()).nullish(),
});
const thoughtPart = z.looseObject({ type: z.string().nullish(), text: z.string() });

const content = z.union([z.string(), z.array(textPart).min(1)], {
  error: 'a string, or a list of parts {type: "input_text", text: string}',
});

const status = z.enum(["in_progress", "completed", "incomplete"]).nullish();

const item = z.discriminatedUnion(
  "type",
  [
    z.looseObject({
      type: z.literal("message"),
      role: z.enum(["system", "developer", "user", "assistant"]),
      content,
      id: z.string().nullish(),
      status,
    }),
    z.looseObject({
      type: z.literal("function_call"),
      call_id: z.string().min(1),
      name: z.string().min(1),
      arguments: z.string("a string that holds JSON"),
      id: z.string().nullish(),
      status,
    }),
    z.looseObject({
      type: z.literal("function_call_output"),
      call_id: z.string().min(1),
      output: content,
      id: z.string().nullish(),
      status,
    }),
    z.looseObject({
      type: z.literal("reasoning"),
      summary: z.array(thoughtPart).nullish(),
      content: z.array(thoughtPart).nullish(),
      id: z.string().nullish(),
      encrypted_content: z.null("thoughts of another server cannot be read here").nullish(),
      status,
    }),
  ],
  { error: "type is message, function_call, function_call_output or reasoning" },
);

export const input = z.array(item, "a string, or a list of items").min(1, "at least one item");

/** A text is the message of a user, and an item that has a role and no type is a message. */
export function withItems(body: unknown): unknown {
  if (typeof body !== "object" || body === null) return body;
  const { input: given } = body as { readonly input?: unknown };
  if (typeof given === "string")
    return { ...body, input: [{ type: "message", role: "user", content: given }] };
  return Array.isArray(given) ? { ...body, input: given.map(withType) } : body;
}

function withType(each: unknown): unknown {
  if (typeof each !== "object" || each === null || !("role" in each)) return each;
  const { type } = each as { readonly type?: unknown };
  return { ...each, type: type ?? "message" };
}

export type InputItem = z.output<typeof item>;

/** Part types that OpenAI knows and a text model cannot read. */
const MEDIA_PARTS = ["input_image", "input_file", "input_audio"];

/** Refuses with a reason what the schema would only call wrong. */
export function refuseUnreadableItems(given: unknown): void {
  if (!Array.isArray(given)) return;
  for (const [index, each] of given.entries()) {
    if (typeof each !== "object" || each === null) continue;
    const { type, content: parts, output } = each as Record<string, unknown>;
    if (type === "item_reference") {
      throw new ServiceError(
        "unsupported_content",
        "a reference to an item cannot be followed here; send the item itself",
        { param: `input[${index}]` },
      );
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
    throw new ServiceError(
      "unsupported_content",
      `this server's models read text only, so a part of type ${type} cannot be used`,
      { param: `${path}[${index}]` },
    );
  }
}

/** What the assistant said, item by item. */
type Answer = {
  readonly role: "assistant";
  reasoning: string | null;
  content: string;
  readonly toolCalls: ToolCall[];
};
type OtherMessage = Exclude<Message, { readonly role: "assistant" }>;

/** Prefixes of ids, as OpenAI has them. */
const ID_PREFIXES = {
  message: "msg",
  function_call: "fc",
  function_call_output: "fco",
  reasoning: "rs",
} as const;

/** As they are listed: with an id, and texts as parts. @param unique of the response that they were sent for */
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

/** What was said before, without what nobody can go on from: calls that were cut off. */
export function readEarlier(conversation: readonly object[]): readonly InputItem[] {
  const items = conversation as readonly InputItem[]; // this dialect's own, which it had checked
  return items.filter((each) => each.type !== "function_call" || each.status !== "incomplete");
}

/** @throws ServiceError 400 naming the item */
export function readInput(
  given: readonly InputItem[],
  { instructions, firstOwn }: { readonly instructions: string | null; readonly firstOwn: number },
): readonly Message[] {
  const messages: (Answer | OtherMessage)[] = [];
  if (instructions !== null) messages.push({ role: "system", content: instructions });
  const names = new Map<string, string>();
  for (const [index, each] of given.entries()) {
    const next = readItem(each, `input[${index - firstOwn}]`, names);
    const last = messages.at(-1);
    const goesOn = last?.role === "assistant" && next.role === "assistant" && isPart(last, next);
    if (goesOn) add(last, next);
    else messages.push(next);
  }
  return messages;
}

/** Not of one that begins a new answer: with text after text or calls, or thoughts after anything. */
function isPart(earlier: Answer, later: Answer): boolean {
  const hasEnded = earlier.content !== "" || earlier.toolCalls.length > 0;
  if (later.reasoning !== null && (hasEnded || earlier.reasoning !== null)) return false;
  return later.content === "" || !hasEnded;
}

/** In place: an answer may be of thousands of calls. */
function add(earlier: Answer, later: Answer): void {
  earlier.reasoning ??= later.reasoning;
  earlier.content += later.content;
  earlier.toolCalls.push(...later.toolCalls);
}

function readItem(
  each: InputItem,
  path: string,
  names: Map<string, string>,
): Answer | OtherMessage {
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
    default:
      return readMessage(each.role, textOf(each.content));
  }
}

function readMessage(
  role: "system" | "developer" | "user" | "assistant",
  text: string,
): Answer | OtherMessage {
  if (role === "assistant") return { role, content: text, reasoning: null, toolCalls: [] };
  return { role: role === "developer" ? "system" : role, content: text };
}
