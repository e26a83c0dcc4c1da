// Ollama's chat messages → Message. https://docs.ollama.com/api/chat

import { z } from "zod";
import type { Message } from "../../generation/request.ts";
import * as field from "../shared/field-types.ts";
import { OpenCalls } from "../shared/open-calls.ts";
import { noteAbout } from "../shared/parts.ts";
import { unreadable } from "../shared/refusals.ts";
import { readArguments } from "../shared/tool-calls.ts";

const content = field.text("The text.");
/** `refuseImages` has already refused any images of the user. */
const noImages = { content, images: field.alreadyRefused };
const noted = { content, images: field.ignored("A note in the text stands for each image.") };

const toolCall = z.looseObject({
  id: field.text("Id of the call; its result refers to it."),
  type: field.withoutEffect(z.string(), "Always function."),
  function: z
    .looseObject({
      index: field.withoutEffect(z.int(), "Ignored."),
      name: field.functionName,
      arguments: field.optional(
        z.union([z.record(z.string(), z.unknown()), z.string()], "must be an object"),
        "The arguments, as an object or as text.",
      ),
    })
    .describe("The function that was called."),
});

const message = z.discriminatedUnion(
  "role",
  [
    z.looseObject({ role: field.role("system", "user"), ...noImages }),
    z.looseObject({
      role: field.role("assistant"),
      thinking: field.text(field.EARLIER_REASONING),
      tool_calls: field.optional(z.array(toolCall), field.TOOL_CALLS),
      ...noted,
    }),
    z.looseObject({
      role: field.role("tool"),
      tool_name: field.text("For role tool: the function's name."),
      tool_call_id: field.text(field.RESULT_OF),
      ...noted,
    }),
  ],
  { error: "role must be system, user, assistant or tool" },
);

export const messages = field.optional(
  z.array(message, "must be a list of messages"),
  `${field.MESSAGES} Without messages, the answer says that the model is loaded.`,
);

type InputMessage = z.output<typeof message>;

/** Refuses images with a specific reason; the schema would only report an invalid value. */
export function refuseImages(body: unknown): void {
  const { messages: given } = Object(body) as { readonly messages?: unknown };
  if (!Array.isArray(given)) return;
  for (const [index, each] of given.entries()) {
    const { role, images } = Object(each) as { readonly role?: unknown; readonly images?: unknown };
    if (role === "tool" || role === "assistant") continue; // the client cannot take them out of its history
    const isEmpty = Array.isArray(images) && images.length === 0;
    if (images === undefined || images === null || isEmpty) continue;
    const field = `messages[${index}].images`;
    throw unreadable(field, field); // Ollama's clients show the message alone
  }
}

export function readMessages(given: readonly InputMessage[]): readonly Message[] {
  const calls = new OpenCalls();
  return given.map((each): Message => {
    const content = textOf(each);
    switch (each.role) {
      case "assistant": {
        const toolCalls = (each.tool_calls ?? []).map(({ id, function: called }) =>
          calls.add({ id, name: called.name, arguments: argumentsOf(called.arguments) }),
        );
        return { role: "assistant", content, reasoning: each.thinking || null, toolCalls };
      }
      case "tool":
        return calls.resultOf({ id: each.tool_call_id, name: each.tool_name, content });
      default:
        return { role: each.role, content };
    }
  });
}

function textOf({ role, content, images }: InputMessage): string {
  const given = role === "tool" || role === "assistant" ? images : [];
  const notes = Array.isArray(given) ? given.map(() => noteAbout("image")) : [];
  return [...(content ? [content] : []), ...notes].join("\n");
}

type GivenArguments = Readonly<Record<string, unknown>> | string | null | undefined;

function argumentsOf(given: GivenArguments): Readonly<Record<string, unknown>> {
  return typeof given === "string" ? readArguments(given) : (given ?? {});
}

/** Shorter and shorter conversations: each begins at a later user message, and all keep the system messages. */
export function shorterForms(messages: readonly Message[]): readonly (() => readonly Message[])[] {
  const first = messages.findIndex(({ role }) => role !== "system");
  return messages.flatMap(({ role }, turn) => {
    if (role !== "user" || turn <= first) return [];
    return [() => messages.filter((each, index) => each.role === "system" || index >= turn)];
  });
}
