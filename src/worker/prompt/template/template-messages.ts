// Converts messages to the values that a chat template reads.

import { createHash } from "node:crypto";
import { ServiceError } from "../../../errors.ts";
import type { Json, Message, ToolCall } from "../../../generation/request.ts";
import type { CallForm, TemplateTraits } from "../../../generation/template-traits.ts";

export type TemplateMessage = { readonly [name: string]: Json };

export type MessageForm = Pick<TemplateTraits, "contentAs" | "reasoningAs"> & {
  /** Null if no message has tool calls. */
  readonly calls: CallForm | null;
};

/** For messages that the template cannot render. */
export function templateError(message: string, cause?: unknown): ServiceError {
  return new ServiceError("template_error", message, { field: "messages", cause });
}

export function templateMessages(
  messages: readonly Message[],
  form: MessageForm,
): readonly TemplateMessage[] {
  return messages.map((message) => templateMessage(message, form));
}

function templateMessage(message: Message, form: MessageForm): TemplateMessage {
  const { role, content } = message;
  switch (role) {
    case "assistant":
      return templateAnswer(message, form);
    case "tool": {
      const { toolCallId, name } = message;
      return {
        role,
        content: contentOf(role, content, form),
        ...(toolCallId === null ? {} : { tool_call_id: idFor(toolCallId, form.calls) }),
        ...(name === null ? {} : { name }),
      };
    }
    default:
      return { role, content: contentOf(role, content, form) };
  }
}

function contentOf(role: Message["role"], text: string, { contentAs }: MessageForm): Json {
  const isText = contentAs === "text" || (contentAs === "user-parts" && role !== "user");
  return isText ? text : [{ type: "text", text }];
}

function templateAnswer(answer: Extract<Message, { role: "assistant" }>, form: MessageForm) {
  const { role, content: text, reasoning, toolCalls } = answer;
  const hasCalls = toolCalls.length > 0;
  const content =
    hasCalls && text === "" && form.calls ? form.calls.emptyContent : contentOf(role, text, form);
  const calls = hasCalls
    ? { tool_calls: toolCalls.map((call) => templateCall(call, form.calls)) }
    : {};
  if (reasoning === null) return { role, content, ...calls };
  if (form.reasoningAs === "part") {
    const thought = { type: "thinking", thinking: reasoning };
    return { role, content: text === "" ? [thought] : [thought, { type: "text", text }], ...calls };
  }
  // Qwen and DeepSeek read the first name, gpt-oss the second.
  return { role, content, reasoning_content: reasoning, thinking: reasoning, ...calls };
}

function templateCall(call: ToolCall, form: CallForm | null): Json {
  const { id, name, arguments: args } = call;
  const isText = form?.argumentsAs === "text";
  return {
    id: idFor(id, form),
    type: "function",
    function: { name, arguments: isText ? JSON.stringify(args) : args },
  };
}

/** Mistral's templates reject ids of any other length. The result depends only on the id. */
function idFor(id: string, form: CallForm | null): string {
  if (!form?.hasShortIds || /^[a-zA-Z0-9]{9}$/.test(id)) return id;
  return createHash("sha256").update(id).digest("hex").slice(0, 9);
}
