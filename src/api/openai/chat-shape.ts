// How chat completions write text, reasoning and calls, whole and in chunks.

import type { Choice } from "../../generation/choice.ts";
import type { Delta, ToolCallDelta } from "../../generation/events.ts";
import { CustomInput, customInput } from "../shared/custom-tools.ts";
import { callId } from "../shared/tool-calls.ts";
import type { ChatCall, ChatCallDelta, ChatDelta, ChatMessage } from "./chat-answer.ts";
import type { AnswerShape, ChoiceContext } from "./encoder.ts";
import { chatLogprobs } from "./logprobs.ts";

/** The shape of one answer. @param customNames names of the custom tools, whose calls have an input instead of arguments */
export function chatShape(customNames: ReadonlySet<string>): AnswerShape {
  /** The last custom call of each choice while it is streamed. */
  const inputs = new Map<number, { readonly index: number; readonly input: CustomInput }>();
  const callDelta = (delta: ToolCallDelta, context: ChoiceContext): ChatCallDelta => {
    const { index, name, text } = delta;
    const { choice } = context;
    if (name !== null && customNames.has(name))
      inputs.set(choice, { index, input: new CustomInput() });
    const open = inputs.get(choice);
    if (open?.index !== index)
      return name === null
        ? { index, function: { arguments: text } }
        : { index, ...functionCall(name, text, callIdOf(index, context)) };
    const input = open.input.push(text);
    return name === null
      ? { index, custom: { input } }
      : { index, ...customCall(name, input, callIdOf(index, context)) };
  };
  const wholeCall = ({ name, arguments: text }: Call, id: string): ChatCall =>
    customNames.has(name) ? customCall(name, customInput(text), id) : functionCall(name, text, id);
  return {
    idPrefix: "chatcmpl",
    chunkObject: "chat.completion.chunk",
    bodyObject: "chat.completion",
    text: (content) => ({ delta: { content } }),
    delta: (delta, context) => encodeDelta(delta, (call) => callDelta(call, context)),
    opening: (hasText) => ({ delta: { role: "assistant", content: hasText ? "" : null } }),
    closing: { delta: {} },
    whole: (choice, context) =>
      encodeWhole(choice, (call, index) => wholeCall(call, callIdOf(index, context))),
  };
}

type Call = Choice["toolCalls"][number];

function encodeDelta(delta: Delta, encodeCall: (delta: ToolCallDelta) => ChatCallDelta): ChatDelta {
  const logprobs = delta.logprobs ? { logprobs: chatLogprobs(delta.logprobs) } : {};
  switch (delta.type) {
    case "text-delta":
      return { delta: { content: delta.text }, ...logprobs };
    case "reasoning-delta":
      return { delta: { reasoning_content: delta.text }, ...logprobs };
    case "tool-call-delta":
      return { delta: { tool_calls: [encodeCall(delta)] }, ...logprobs };
  }
}

function encodeWhole(
  { text, reasoning, toolCalls, logprobs }: Choice,
  encodeCall: (call: Call, index: number) => ChatCall,
): ChatMessage {
  const hasNoContent = text === "" && (toolCalls.length > 0 || reasoning !== "");
  return {
    message: {
      role: "assistant",
      content: hasNoContent ? null : text,
      refusal: null,
      ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
      ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map(encodeCall) }),
    },
    ...(logprobs.length > 0 ? { logprobs: chatLogprobs(logprobs) } : {}),
  };
}

function callIdOf(index: number, { answerId, choice }: ChoiceContext): string {
  return callId("call", answerId, index, choice);
}

function functionCall(name: string, text: string, id: string) {
  return { id, type: "function" as const, function: { name, arguments: text } };
}

function customCall(name: string, input: string, id: string) {
  return { id, type: "custom" as const, custom: { name, input } };
}
