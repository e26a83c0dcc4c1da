// Converts messages to the values that a chat template reads.

import { createHash } from "node:crypto";
import { ServiceError } from "../../errors.ts";
import type { Json, Message, ToolCall } from "../../generation/request.ts";
import type { CallForm, TemplateTraits } from "../../generation/template-traits.ts";

export type TemplateMessage = { readonly [name: string]: Json };

export type MessageForm = Pick<TemplateTraits, "contentAs"> & {
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

function templateMessage(
  message: Message,
  { contentAs, calls: form }: MessageForm,
): TemplateMessage {
  const contentOf = (text: string): Json =>
    contentAs === "text" ? text : [{ type: "text", text }];
  switch (message.role) {
    case "tool": {
      const { content, toolCallId, name } = message;
      return {
        role: "tool",
        content: contentOf(content),
        ...(toolCallId === null ? {} : { tool_call_id: idFor(toolCallId, form) }),
        ...(name === null ? {} : { name }),
      };
    }
    case "assistant": {
      const { content, reasoning, toolCalls } = message;
      const isBare = form !== null && toolCalls.length > 0 && content === "";
      return {
        role: "assistant",
        content: isBare ? form.emptyContent : contentOf(content),
        // Qwen and DeepSeek read the first name, gpt-oss the second.
        ...(reasoning === null ? {} : { reasoning_content: reasoning, thinking: reasoning }),
        ...(toolCalls.length > 0
          ? { tool_calls: toolCalls.map((call) => templateCall(call, form)) }
          : {}),
      };
    }
    default:
      return { role: message.role, content: contentOf(message.content) };
  }
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
