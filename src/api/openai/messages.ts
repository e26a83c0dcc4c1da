// OpenAI's chat messages → Message. Refuses images, audio and files, which text models cannot read.
// https://platform.openai.com/docs/api-reference/chat/create

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { Message, ToolCall } from "../../generation/request.ts";
import { customArguments } from "../shared/custom-tools.ts";
import * as field from "../shared/field-types.ts";
import { anyContent, textDocument, textWithNotes } from "../shared/parts.ts";
import { invalidValue, isObject, unreadable } from "../shared/refusals.ts";
import { readArguments } from "../shared/tool-calls.ts";

const textPart = field.form("text", { text: field.anyText });
const filePart = field.form("file", {
  file: z
    .looseObject({
      file_data: z.string().describe("A data URL of a text, e.g. data:text/plain;base64,SGk="),
      filename: field.text("Name of the file, which the model sees before its text."),
    })
    .describe("A document of plain text."),
});

const content = z
  .union([z.string(), z.array(z.discriminatedUnion("type", [textPart, filePart])).min(1)], {
    error: 'must be a string, or a list of parts {type: "text", text: string}',
  })
  .describe("The text, or a list of parts.");

const name = field.withoutEffect(z.string(), "Ignored: chat templates do not use it.");

const toolCall = z.looseObject({
  id: field.toolCallId,
  type: field.kind(["function", "custom"]).nullish(),
  function: field.optional(
    z.looseObject({ name: field.functionName, arguments: field.argumentsText.nullish() }),
    "The function that was called.",
  ),
  custom: field.optional(
    z.looseObject({
      name: field.functionName,
      input: z.string().describe("The text that the tool was called with."),
    }),
    "The custom tool that was called.",
  ),
});

const message = z.discriminatedUnion(
  "role",
  [
    z.looseObject({ role: field.role("system", "developer", "user"), content, name }),
    z.looseObject({
      role: field.role("assistant"),
      content: anyContent,
      name,
      refusal: field.text("Text with which the assistant refused; used if there is no content."),
      tool_calls: field.optional(z.array(toolCall), field.TOOL_CALLS),
      reasoning_content: field.text(field.EARLIER_REASONING),
      reasoning: field.text("Another name of reasoning_content."),
      annotations: field.ignored("Ignored."),
      function_call: field.alreadyRefused,
      audio: field.alreadyRefused,
    }),
    z.looseObject({
      role: field.role("tool"),
      content: anyContent,
      tool_call_id: z
        .string("must be the id of the call that this is the result of")
        .min(1)
        .describe(field.RESULT_OF),
      name: field.text("For role tool: the function's name, if no call has this id."),
    }),
  ],
  { error: "role must be system, developer, user, assistant or tool" },
);

export const messages = z
  .array(message)
  .min(1, "must have at least one message")
  .describe(field.MESSAGES);

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
    if (each.role !== "assistant" && each.role !== "tool")
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
    const { type, text, file } = (part ?? {}) as Readonly<Record<string, unknown>>;
    const param = `${path}[${index}]`;
    if (type === "text" && typeof text === "string") continue;
    if (type === "file" && isObject(file) && textDocument(file.file_data, null) !== null) continue;
    if (typeof type === "string" && MEDIA_PARTS.includes(type))
      throw unreadable(`a part of type ${type}`, param);
    throw invalidValue(param, 'must be a part {type: "text", text: string}');
  }
}

/** @throws ServiceError 400 naming the message */
export function readMessages(given: readonly InputMessage[]): readonly Message[] {
  const names = new Map<string, string>();
  return given.map((each, index): Message => {
    switch (each.role) {
      case "assistant": {
        const answer = readAnswer(each, `messages[${index}]`);
        for (const call of answer.toolCalls) names.set(call.id, call.name);
        return answer;
      }
      case "tool": {
        const { tool_call_id: toolCallId } = each;
        const toolName = names.get(toolCallId) ?? each.name ?? null;
        return { role: "tool", content: textWithNotes(each.content), toolCallId, name: toolName };
      }
      default: {
        const role = each.role === "developer" ? "system" : each.role;
        return { role, content: textWithNotes(each.content) };
      }
    }
  });
}

/** An answer may have been cut off before its first text. */
function readAnswer(given: Extract<InputMessage, { role: "assistant" }>, path: string) {
  return {
    role: "assistant" as const,
    content: textWithNotes(given.content) || (given.refusal ?? ""),
    reasoning: given.reasoning_content ?? given.reasoning ?? null,
    toolCalls: (given.tool_calls ?? []).map((call, index) =>
      readCall(call, `${path}.tool_calls[${index}]`),
    ),
  };
}

function readCall(
  { id, type, function: called, custom }: z.output<typeof toolCall>,
  path: string,
): ToolCall {
  const isCustom = type === "custom" || !called;
  if (isCustom && custom)
    return { id, name: custom.name, arguments: customArguments(custom.input) };
  if (!isCustom) return { id, name: called.name, arguments: readArguments(called.arguments ?? "") };
  const param = `${path}.${type ?? "function"}`;
  throw new ServiceError("missing_parameter", `${param} is required`, { param });
}
