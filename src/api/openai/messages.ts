// OpenAI's chat messages → Message. Refuses images, audio and files, which text models cannot read.
// https://platform.openai.com/docs/api-reference/chat/create

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { Message, ToolCall } from "../../generation/request.ts";
import { withoutEffect } from "../shared/contract.ts";
import { invalidValue, isObject, unreadable } from "../shared/refusals.ts";
import { readArguments } from "../shared/tool-calls.ts";

const textPart = z.looseObject({ type: z.literal("text"), text: z.string() });

const content = z.union([z.string(), z.array(textPart).min(1)], {
  error: 'must be a string, or a list of parts {type: "text", text: string}',
});

/** Chat templates ignore it. */
const name = withoutEffect(z.string().nullish());

const toolCall = z.looseObject({
  id: z.string().min(1),
  type: z.literal("function").nullish(),
  function: z.looseObject({
    name: z.string().min(1),
    arguments: z.string("must be a string that holds JSON"),
  }),
});

const message = z.discriminatedUnion(
  "role",
  [
    z.looseObject({ role: z.enum(["system", "developer", "user"]), content, name }),
    z.looseObject({
      role: z.literal("assistant"),
      content: content.nullish(),
      name,
      refusal: z.null("must be null: this server does not read refusals").optional(),
      tool_calls: z.array(toolCall).nullish(),
      reasoning_content: z.string().nullish(),
      // `refuseUnreadable` has already refused any value but null.
      function_call: z.unknown().meta({ type: "null" }).optional(),
      audio: z.unknown().meta({ type: "null" }).optional(),
    }),
    z.looseObject({
      role: z.literal("tool"),
      content,
      tool_call_id: z.string("must be the id of the call that this is the result of").min(1),
      name: z.string().nullish(),
    }),
  ],
  { error: "role must be system, developer, user, assistant or tool" },
);

export const messages = z.array(message).min(1, "must have at least one message");

type InputMessage = z.output<typeof message>;

/** OpenAI's part types that a text model cannot read. */
const MEDIA_PARTS = ["image_url", "input_audio", "file", "video_url", "audio_url"];
/** Message fields that must be null. */
const UNSUPPORTED = ["function_call", "audio"];

/** Refuses media and OpenAI's older function calls with a specific reason; the schema would only report an invalid value. */
export function refuseUnreadable(body: unknown): void {
  const given = (body as { messages?: unknown } | null)?.messages;
  if (!Array.isArray(given)) return;
  for (const [index, each] of given.entries()) {
    if (!isObject(each)) continue;
    refuseOlderCalls(each, `messages[${index}]`);
    refuseMedia(each.content, `messages[${index}].content`);
  }
}

function refuseOlderCalls(given: Readonly<Record<string, unknown>>, path: string): void {
  if (given.role === "function") {
    const message =
      "the role function is not supported by this server; send tool results with the role tool";
    throw new ServiceError("unsupported_content", message, { param: `${path}.role` });
  }
  for (const field of UNSUPPORTED) {
    if (given[field] === undefined || given[field] === null) continue;
    throw new ServiceError("unsupported_content", `${field} is not supported by this server`, {
      param: `${path}.${field}`,
    });
  }
}

function refuseMedia(parts: unknown, path: string): void {
  if (!Array.isArray(parts)) return;
  for (const [index, part] of parts.entries()) {
    const { type, text } = (part ?? {}) as { readonly type?: unknown; readonly text?: unknown };
    const param = `${path}[${index}]`;
    if (type === "text" && typeof text === "string") continue;
    if (typeof type === "string" && MEDIA_PARTS.includes(type))
      throw unreadable(`a part of type ${type}`, param);
    throw invalidValue(param, 'must be a part {type: "text", text: string}');
  }
}

/** @throws ServiceError 400 naming the message */
export function readMessages(given: readonly InputMessage[]): readonly Message[] {
  const names = new Map<string, string>();
  return given.map((each, index) => {
    const read = readMessage(each, `messages[${index}]`, names);
    if (read.role === "assistant") for (const call of read.toolCalls) names.set(call.id, call.name);
    return read;
  });
}

function readMessage(
  given: InputMessage,
  path: string,
  names: ReadonlyMap<string, string>,
): Message {
  switch (given.role) {
    case "assistant":
      return readAnswer(given, path);
    case "tool": {
      const { tool_call_id: toolCallId } = given;
      const toolName = names.get(toolCallId) ?? given.name ?? null;
      return { role: "tool", content: textOf(given.content), toolCallId, name: toolName };
    }
    default:
      return {
        role: given.role === "developer" ? "system" : given.role,
        content: textOf(given.content),
      };
  }
}

function readAnswer(given: Extract<InputMessage, { role: "assistant" }>, path: string): Message {
  const calls = given.tool_calls ?? [];
  const { content: text, reasoning_content: reasoning } = given;
  if ((text === null || text === undefined) && calls.length === 0) {
    throw invalidValue(`${path}.content`, "is required if there are no tool_calls");
  }
  return {
    role: "assistant",
    content: text === null || text === undefined ? "" : textOf(text),
    reasoning: reasoning ?? null,
    toolCalls: calls.map((call, index) => readCall(call, `${path}.tool_calls[${index}]`)),
  };
}

function readCall({ id, function: called }: z.output<typeof toolCall>, path: string): ToolCall {
  return {
    id,
    name: called.name,
    arguments: readArguments(called.arguments, `${path}.function.arguments`),
  };
}

/** Joins the parts of a message's text. */
export function textOf(given: string | readonly { readonly text: string }[]): string {
  return typeof given === "string" ? given : given.map((part) => part.text).join("");
}
