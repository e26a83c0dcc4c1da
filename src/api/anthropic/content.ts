// Anthropic's system prompt and messages, which are lists of blocks → Message.
// https://docs.anthropic.com/en/api/messages

import { z } from "zod";
import type { Message, ToolCall } from "../../generation/request.ts";
import * as field from "../shared/field-types.ts";
import { invalidValue } from "../shared/refusals.ts";
import { readArguments } from "../shared/tool-calls.ts";
import { NOTED_TYPES } from "./blocks.ts";

/** Fields for Anthropic's cache and citations. Here every prompt is cached, and there are no citations. */
const ignoredFields = {
  cache_control: field.ignored(field.ALWAYS_CACHED),
  citations: field.ignored("Ignored: this server makes no citations."),
};

const text = z.looseObject({
  type: field.kind("text", "must be text"),
  text: field.anyText,
  ...ignoredFields,
});
/** In the document only: `withReadableBlocks` has replaced these blocks by text. */
const readAsText = {
  document: field.form("document", {
    source: z
      .looseObject({ type: field.kind(["text", "content", "base64"]) })
      .describe("For document: its text; base64 of a media type that is text."),
    title: field.text("For document and search_result: the title, put before the text."),
    context: field.text("For document: more about it, put before the text."),
    ...ignoredFields,
  }),
  searchResult: field.form("search_result", {
    title: field.text("For document and search_result: the title, put before the text."),
    source: z.string().describe("For search_result: where it is from."),
    content: z.array(text).describe("For search_result: the texts."),
    ...ignoredFields,
  }),
  noted: z.looseObject({ type: field.kind(NOTED_TYPES) }),
};

const toolResult = field.form("tool_result", {
  tool_use_id: z
    .string("must be the id of the tool_use that this is the result of")
    .min(1)
    .describe("For tool_result: id of its tool_use."),
  content: field.optional(
    field.orText(
      z.array(
        z.discriminatedUnion("type", [text, ...Object.values(readAsText)]),
        "must be a string, or a list of blocks",
      ),
    ),
    "For tool_result: the result. A note in the text stands for each block that is not text.",
  ),
  is_error: field.flag("For tool_result: whether the tool failed."),
  ...ignoredFields,
});
const toolUse = field.form("tool_use", {
  id: field.toolCallId,
  name: z.string().min(1).describe("For tool_use: name of the tool."),
  input: field.optional(
    z.union([z.record(z.string(), z.unknown()), z.string()], "must be an object"),
    "For tool_use: the arguments; text if the call was cut off.",
  ),
  caller: field.ignored("Ignored."),
  ...ignoredFields,
});
const thinking = field.form("thinking", {
  thinking: z.string().describe("The assistant's reasoning."),
  signature: field.withoutEffect(z.string(), "Ignored: this server signs nothing."),
});
const redactedThinking = field.form("redacted_thinking", {
  data: field.withoutEffect(
    z.string(),
    "Encrypted reasoning, which this server cannot read. Ignored.",
  ),
});

/** `withReadableBlocks` has already turned strings into blocks. */
function listOf<T extends z.ZodType>(block: T) {
  const list = z
    .array(block, "must be a string, or a list of blocks")
    .describe("The text, or a list of blocks.");
  return field.orText(list);
}

export const system = field.optional(listOf(text), field.SYSTEM_PROMPT);

export const messages = z
  .array(
    z.discriminatedUnion(
      "role",
      [
        z.looseObject({
          role: field.role("user"),
          content: listOf(
            z.discriminatedUnion(
              "type",
              [text, toolResult, readAsText.document, readAsText.searchResult],
              {
                error:
                  "type must be text, document, search_result or tool_result in a user message",
              },
            ),
          ).min(1, "must have at least one block"),
        }),
        z.looseObject({
          role: field.role("assistant"),
          content: listOf(
            z.discriminatedUnion(
              "type",
              [text, toolUse, thinking, redactedThinking, readAsText.noted],
              {
                error:
                  "type must be text, tool_use, thinking or redacted_thinking in an assistant message",
              },
            ),
          ),
        }),
        z.looseObject({ role: field.role("system"), content: listOf(text).min(1) }),
      ],
      { error: "role must be user, assistant or system" },
    ),
    "must be a list of messages",
  )
  .min(1, "must have at least one message")
  .describe(field.MESSAGES);

type InputMessage = z.output<typeof messages>[number];
type Block = InputMessage["content"][number];
type Turn = { readonly role: InputMessage["role"]; readonly blocks: Block[] };

type Conversation = {
  readonly system?: z.output<typeof system>;
  readonly messages: readonly InputMessage[];
};

/** @throws ServiceError 400 if the last message has tool calls without results, so that there is nothing to answer */
export function readMessages({ system, messages }: Conversation): readonly Message[] {
  const last = messages.at(-1);
  if (last?.role === "assistant" && last.content.some(({ type }) => type === "tool_use")) {
    const path = `messages[${messages.length - 1}]`;
    throw invalidValue(path, "has a tool_use without a tool_result; send the result as well");
  }
  const names = new Map<string, string>();
  const hasSystem = (system ?? []).some((block) => block.text !== "");
  return turnsOf([
    ...(system && hasSystem ? [{ role: "system" as const, content: system }] : []),
    ...messages,
  ]).flatMap(({ role, blocks }) => {
    if (role === "assistant") return [readAnswer(blocks, names)];
    return role === "user" ? readUserTurn(blocks, names) : [{ role, content: textOf(blocks) }];
  });
}

/** Merges consecutive messages of one role, as Anthropic does; many chat templates require alternating roles. */
function turnsOf(given: readonly InputMessage[]): readonly Turn[] {
  const turns: Turn[] = [];
  for (const { role, content } of given) {
    const last = turns.at(-1);
    if (last?.role !== role) turns.push({ role, blocks: [...content] });
    else for (const block of content) last.blocks.push(block);
  }
  return turns;
}

function readAnswer(blocks: readonly Block[], names: Map<string, string>): Message {
  const toolCalls: ToolCall[] = [];
  const reasoning: string[] = [];
  let content = "";
  for (const block of blocks) {
    if (block.type === "text") content += block.text;
    if (block.type === "thinking") reasoning.push(block.thinking);
    if (block.type !== "tool_use") continue;
    const { id, name, input } = block;
    names.set(id, name);
    toolCalls.push({ id, name, arguments: argumentsOf(input) });
  }
  return {
    role: "assistant",
    content,
    reasoning: reasoning.length > 0 ? reasoning.join("\n") : null,
    toolCalls,
  };
}

function argumentsOf(input: z.output<typeof toolUse>["input"]): ToolCall["arguments"] {
  if (typeof input === "string") return readArguments(input);
  return (input ?? {}) as ToolCall["arguments"]; // it came out of JSON
}

/** Tool results come first, because nothing may stand between a call and its result. */
function readUserTurn(
  blocks: readonly Block[],
  names: ReadonlyMap<string, string>,
): readonly Message[] {
  const results = blocks
    .filter((block) => block.type === "tool_result")
    .map((block): Message => {
      const { tool_use_id: toolCallId } = block;
      return {
        role: "tool",
        content: resultText(block),
        toolCallId,
        name: names.get(toolCallId) ?? null,
      };
    });
  const hasText = blocks.some(({ type }) => type === "text");
  return hasText ? [...results, { role: "user", content: textOf(blocks) }] : results;
}

/** Chat templates have no field for a failed tool, so the text says it, unless it already does. */
function resultText({ content, is_error: isError }: z.output<typeof toolResult>): string {
  const result = textOf(content ?? []);
  return isError && !/^error\b/i.test(result) ? `Error: ${result}` : result;
}

/** Puts each block on its own line: a client's blocks are separate texts, whereas those of an answer are joined directly. */
function textOf(blocks: readonly Block[]): string {
  return blocks.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n");
}
