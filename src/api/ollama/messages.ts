// Ollama's chat messages → Message. https://docs.ollama.com/api/chat

import { z } from "zod";
import type { Message } from "../../generation/request.ts";
import { withoutEffect } from "../shared/contract.ts";
import { OpenCalls } from "../shared/open-calls.ts";
import { unreadable } from "../shared/refusals.ts";

const content = z.string().nullish();

/** `refuseImages` has already refused any images. */
const images = z.unknown().meta({ type: "null" }).optional();

const toolCall = z.looseObject({
  id: z.string().nullish(),
  type: withoutEffect(z.string().nullish()),
  function: z.looseObject({
    index: withoutEffect(z.int().nullish()),
    name: z.string().min(1),
    arguments: z.record(z.string(), z.unknown(), "must be an object").nullish(),
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
  { error: "role must be system, user, assistant or tool" },
);

export const messages = z.array(message, "must be a list of messages").nullish();

type InputMessage = z.output<typeof message>;

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
  const calls = new OpenCalls();
  return given.map((each) => readMessage(each, calls));
}

function readMessage(given: InputMessage, calls: OpenCalls): Message {
  const content = given.content ?? "";
  switch (given.role) {
    case "assistant": {
      const toolCalls = (given.tool_calls ?? []).map(({ id, function: called }) =>
        calls.add({ id, name: called.name, arguments: called.arguments }),
      );
      return { role: "assistant", content, reasoning: given.thinking || null, toolCalls };
    }
    case "tool":
      return calls.resultOf({ id: given.tool_call_id, name: given.tool_name, content });
    default:
      return { role: given.role, content };
  }
}

/** Shorter and shorter conversations: each begins at a later user message, and all keep the system messages. */
export function shorterForms(messages: readonly Message[]): readonly (() => readonly Message[])[] {
  const first = messages.findIndex(({ role }) => role !== "system");
  return messages.flatMap(({ role }, turn) => {
    if (role !== "user" || turn <= first) return [];
    return [() => messages.filter((each, index) => each.role === "system" || index >= turn)];
  });
}
