// Converts messages to the form that a chat template expects. Templates differ in the form of tool calls, so several are tried.

import { createHash } from "node:crypto";
import { ServiceError } from "../../errors.ts";
import type { Json, Message, ToolCall } from "../../generation/request.ts";

/** The form in which a template accepts the tool calls of an earlier answer. */
export type CallForm = {
  readonly argumentsAs: "object" | "text";
  /** Content of an answer that has only tool calls. */
  readonly emptyContent: "" | null;
  /** Whether call ids must be nine letters and digits. */
  readonly hasShortIds: boolean;
};

export type TemplateMessage = { readonly [name: string]: Json };

const CALL: ToolCall = { id: "abcdefghi", name: "needle_name", arguments: { needle: "hay" } };
const TRIAL: readonly Message[] = [
  { role: "user", content: "question" },
  { role: "assistant", content: "", reasoning: null, toolCalls: [CALL] },
  { role: "tool", content: "needle_result", toolCallId: CALL.id, name: CALL.name },
];
const FORMS: readonly Omit<CallForm, "hasShortIds">[] = [
  { argumentsAs: "object", emptyContent: "" },
  { argumentsAs: "text", emptyContent: "" },
  { argumentsAs: "object", emptyContent: null },
  { argumentsAs: "text", emptyContent: null },
];

/**
 * @param render renders messages with the template; throws if the template rejects them
 * @returns null when no form makes the call and its result appear in the prompt
 */
export function findCallForm(
  source: string,
  render: (messages: readonly TemplateMessage[]) => string,
): CallForm | null {
  const hasShortIds = /length\s*!=\s*9/.test(source);
  const found = FORMS.find((form) => {
    try {
      const text = render(templateMessages(TRIAL, { ...form, hasShortIds }));
      return (
        /"needle"\s*:\s*"hay"/.test(text) &&
        ["name", "result"].every((each) => text.includes(`needle_${each}`))
      );
    } catch {
      return false; // the template rejects this form
    }
  });
  return found ? { ...found, hasShortIds } : null;
}

/** For messages that the template cannot render. */
export function templateError(message: string, cause?: unknown): ServiceError {
  return new ServiceError("template_error", message, { field: "messages", cause });
}

export function templateMessages(
  messages: readonly Message[],
  form: CallForm,
): readonly TemplateMessage[] {
  return messages.map((message) => templateMessage(message, form));
}

function templateMessage(message: Message, form: CallForm): TemplateMessage {
  switch (message.role) {
    case "tool": {
      const { content, toolCallId, name } = message;
      return {
        role: "tool",
        content,
        ...(toolCallId === null ? {} : { tool_call_id: idFor(toolCallId, form) }),
        ...(name === null ? {} : { name }),
      };
    }
    case "assistant": {
      const { content, reasoning, toolCalls } = message;
      const hasCalls = toolCalls.length > 0;
      return {
        role: "assistant",
        content: hasCalls && content === "" ? form.emptyContent : content,
        // Qwen and DeepSeek read the first name, gpt-oss the second.
        ...(reasoning === null ? {} : { reasoning_content: reasoning, thinking: reasoning }),
        ...(hasCalls ? { tool_calls: toolCalls.map((call) => templateCall(call, form)) } : {}),
      };
    }
    default:
      return { role: message.role, content: message.content };
  }
}

function templateCall(call: ToolCall, form: CallForm): Json {
  const { id, name, arguments: args } = call;
  return {
    id: idFor(id, form),
    type: "function",
    function: { name, arguments: form.argumentsAs === "object" ? args : JSON.stringify(args) },
  };
}

/** Mistral's templates reject ids of any other length. The result depends only on the id. */
function idFor(id: string, { hasShortIds }: CallForm): string {
  if (!hasShortIds || /^[a-zA-Z0-9]{9}$/.test(id)) return id;
  return createHash("sha256").update(id).digest("hex").slice(0, 9);
}
