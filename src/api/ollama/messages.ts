// The messages of a chat, as Ollama has them → Message. https://docs.ollama.com/api/chat

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { Message, ToolCall } from "../../generation/request.ts";
import { withoutEffect } from "../shared/contract.ts";
import { OpenCalls } from "../shared/open-calls.ts";

const content = z.string().nullish();

/** Refused with a reason, if it holds anything, before the schema is asked. */
const images = z.unknown().meta({ type: "null" }).optional();

const toolCall = z.looseObject({
  id: z.string().nullish(),
  type: withoutEffect(z.string().nullish()),
  function: z.looseObject({
    index: withoutEffect(z.int().nullish()),
    name: z.string().min(1),
    arguments: z.record(z.string(), z.unknown(), "an object").nullish(),
  }),
});

const message = z.discriminatedUnion(
  "role",
  [
    z.looseObject({ role: z.enum(["system", "user"]), content, images }),
    z.looseObject({
      role: z.literal("assistant"),
      content,
      thinking: z.string().nullish(),
      tool_calls: z.array(toolCall).nullish(),
      images,
    }),
    z.looseObject({
      role: z.literal("tool"),
      content,
      tool_name: z.string().nullish(),
      tool_call_id: z.string().nullish(),
      images,
    }),
  ],
  { error: "role is system, user, assistant or tool" },
);

export const messages = z.array(message, "a list of messages").nullish();

type Given = z.output<typeof message>;
type Result = Extract<Given, { role: "tool" }>;

/** Refuses with a reason what the schema would only call wrong. */
export function refuseImages(body: unknown): void {
  const { messages: given } = Object(body) as { readonly messages?: unknown };
  if (!Array.isArray(given)) return;
  for (const [index, each] of given.entries()) {
    const { images: held } = Object(each) as { readonly images?: unknown };
    refuseFilled(held, `messages[${index}].images`);
  }
}

function refuseFilled(images: unknown, param: string): void {
  if (images === undefined || images === null) return;
  if (Array.isArray(images) && images.length === 0) return;
  throw new ServiceError(
    "unsupported_content",
    `${param}: this server's models read text only, so images cannot be used`,
    { param },
  );
}

export function readMessages(given: readonly Given[]): readonly Message[] {
  const calls: Calls = { count: 0, open: new OpenCalls() };
  return given.map((each) => readMessage(each, calls));
}

/** Of the messages so far. */
type Calls = {
  count: number;
  /** Those without a result. */
  readonly open: OpenCalls;
};

function readMessage(given: Given, calls: Calls): Message {
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

/** Older clients know no ids: then calls are counted. */
function readCall({ id, function: called }: z.output<typeof toolCall>, index: number): ToolCall {
  return {
    id: id || `call_${index}`,
    name: called.name,
    arguments: (called.arguments ?? {}) as ToolCall["arguments"], // it came out of JSON
  };
}

/** The result of the first call that it may belong to, and of none after that. */
function readResult(result: Result, open: OpenCalls): Message {
  const { content, tool_name: name, tool_call_id: id } = result;
  const call = open.take(id ?? null, name ?? null);
  return {
    role: "tool",
    content: content ?? "",
    toolCallId: call?.id ?? id ?? null,
    name: call?.name ?? name ?? null,
  };
}

/** The same with less and less of what was said before: from a later turn of the user on, with all that the system says. */
export function shorterForms(messages: readonly Message[]): readonly (() => readonly Message[])[] {
  const first = messages.findIndex(({ role }) => role !== "system");
  return messages.flatMap(({ role }, turn) => {
    if (role !== "user" || turn <= first) return [];
    return [() => messages.filter((each, index) => each.role === "system" || index >= turn)];
  });
}
