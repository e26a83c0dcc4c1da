// Messages as chat templates want them. Templates differ in how they take calls: found out once, by trying.

import { createHash } from "node:crypto";
import type { Json, Message, ToolCall } from "../../generation/request.ts";

/** How a template takes the calls of an earlier answer. */
export type CallForm = {
  readonly argumentsAs: "object" | "text";
  /** Of an answer that is nothing but calls. */
  readonly emptyContent: "" | null;
  /** Whether ids have to be of nine letters and digits. */
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
 * @param render what the template makes of messages; throws where it refuses them
 * @returns null when no form brings the call and its result into the prompt
 */
export function callFormOf(
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
      return false; // what a template refuses is not its form
    }
  });
  return found ? { ...found, hasShortIds } : null;
}

/** Texts are still as the client wrote them. */
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
        // Two names for the same: of Qwen and DeepSeek, and of gpt-oss.
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

/** Mistral's templates refuse ids of any other length; the same id always becomes the same. */
function idFor(id: string, { hasShortIds }: CallForm): string {
  if (!hasShortIds || /^[a-zA-Z0-9]{9}$/.test(id)) return id;
  return createHash("sha256").update(id).digest("hex").slice(0, 9);
}
