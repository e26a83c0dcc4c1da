// Ollama's chat messages → Message. https://docs.ollama.com/api/chat

import { z } from "zod";
import type { Message, ToolCall } from "../../generation/request.ts";
import * as field from "../shared/field-types.ts";
import { OpenCalls } from "../shared/open-calls.ts";
import { unreadable } from "../shared/refusals.ts";

/** `refuseImages` has already refused any images. */
const common = { content: field.text("The text."), images: field.alreadyRefused };

const toolCall = z.looseObject({
  id: field.text("Id of the call; its result refers to it."),
  type: field.withoutEffect(z.string(), "Always function."),
  function: z
    .looseObject({
      index: field.withoutEffect(z.int(), "Ignored."),
      name: field.functionName,
      arguments: field.optional(
        z.record(z.string(), z.unknown(), "must be an object"),
        "The arguments, as an object.",
      ),
    })
    .describe("The function that was called."),
});

const message = z.discriminatedUnion(
  "role",
  [
    z.looseObject({ role: field.role("system", "user"), ...common }),
    z.looseObject({
      role: field.role("assistant"),
      thinking: field.text(field.EARLIER_REASONING),
      tool_calls: field.optional(z.array(toolCall), field.TOOL_CALLS),
      ...common,
    }),
    z.looseObject({
      role: field.role("tool"),
      tool_name: field.text("For role tool: the function's name."),
      tool_call_id: field.text(field.RESULT_OF),
      ...common,
    }),
  ],
  { error: "role must be system, user, assistant or tool" },
);

export const messages = field.optional(
  z.array(message, "must be a list of messages"),
  `${field.MESSAGES} Without messages, the answer says that the model is loaded.`,
);

type InputMessage = z.output<typeof message>;
type ToolResult = Extract<InputMessage, { role: "tool" }>;

/** Refuses images with a specific reason; the schema would only report an invalid value. */
export function refuseImages(body: unknown): void {
  const { messages: given } = Object(body) as { readonly messages?: unknown };
  if (!Array.isArray(given)) return;
  for (const [index, each] of given.entries()) {
    const { images } = Object(each) as { readonly images?: unknown };
    const isEmpty = Array.isArray(images) && images.length === 0;
    if (images === undefined || images === null || isEmpty) continue;
    const field = `messages[${index}].images`;
    throw unreadable(field, field); // Ollama's clients show the message alone
  }
}

export function readMessages(given: readonly InputMessage[]): readonly Message[] {
  const calls: Calls = { count: 0, open: new OpenCalls() };
  return given.map((each) => readMessage(each, calls));
}

/** Tool calls in the messages read so far. */
type Calls = {
  count: number;
  /** Calls without a result. */
  readonly open: OpenCalls;
};

function readMessage(given: InputMessage, calls: Calls): Message {
  const content = given.content ?? "";
  switch (given.role) {
    case "assistant": {
      const toolCalls = (given.tool_calls ?? []).map((call) => readCall(call, calls.count++));
      for (const call of toolCalls) calls.open.add(call);
      return { role: "assistant", content, reasoning: given.thinking || null, toolCalls };
    }
    case "tool":
      return readResult(given, calls.open);
    default:
      return { role: given.role, content };
  }
}

/** Older clients send no ids; then the id is the call's number. */
function readCall({ id, function: called }: z.output<typeof toolCall>, index: number): ToolCall {
  return {
    id: id || `call_${index}`,
    name: called.name,
    arguments: (called.arguments ?? {}) as ToolCall["arguments"], // it came out of JSON
  };
}

/** Assigns the result to the first open call that fits. */
function readResult(result: ToolResult, open: OpenCalls): Message {
  const { content, tool_name: name, tool_call_id: id } = result;
  const call = open.take(id ?? null, name ?? null);
  return {
    role: "tool",
    content: content ?? "",
    toolCallId: call?.id ?? id ?? null,
    name: call?.name ?? name ?? null,
  };
}

/** Shorter and shorter conversations: each begins at a later user message, and all keep the system messages. */
export function shorterForms(messages: readonly Message[]): readonly (() => readonly Message[])[] {
  const first = messages.findIndex(({ role }) => role !== "system");
  return messages.flatMap(({ role }, turn) => {
    if (role !== "user" || turn <= first) return [];
    return [() => messages.filter((each, index) => each.role === "system" || index >= turn)];
  });
}
