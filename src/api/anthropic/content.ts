// The system prompt and the messages of a request, as Anthropic has them: lists of blocks → Message.
// https://docs.anthropic.com/en/api/messages

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { Message, ToolCall } from "../../generation/request.ts";
import { orText, withoutEffect } from "../shared/contract.ts";

/** Marks for Anthropic's cache and citations: here every prompt is cached, and nothing is cited. */
const harmless = {
  cache_control: withoutEffect(z.unknown().optional()),
  citations: withoutEffect(z.unknown().optional()),
};

const text = z.looseObject({
  type: z.literal("text", "type is text"),
  text: z.string(),
  ...harmless,
});
const toolResult = z.looseObject({
  type: z.literal("tool_result"),
  tool_use_id: z.string("the id of the tool_use that this is the result of").min(1),
  content: orText(z.array(text, "a string, or a list of text blocks")).nullish(),
  is_error: z.boolean().nullish(),
  ...harmless,
});
const toolUse = z.looseObject({
  type: z.literal("tool_use"),
  id: z.string().min(1),
  name: z.string().min(1),
  input: z.record(z.string(), z.unknown()),
  caller: withoutEffect(z.unknown().optional()),
  ...harmless,
});
const thinking = z.looseObject({
  type: z.literal("thinking"),
  thinking: z.string(),
  signature: withoutEffect(z.string().nullish()),
});
const redactedThinking = z.looseObject({
  type: z.literal("redacted_thinking"),
  data: withoutEffect(z.string().nullish()),
});

const BLOCKS = "a string, or a list of blocks";

/** Strings have become blocks before: see `withBlocks`. */
export const system = orText(z.array(text, BLOCKS)).nullish();

export const messages = z
  .array(
    z.discriminatedUnion(
      "role",
      [
        z.looseObject({
          role: z.literal("user"),
          content: orText(
            z
              .array(
                z.discriminatedUnion("type", [text, toolResult], {
                  error: "a message of the user has blocks of type text or tool_result",
                }),
                BLOCKS,
              )
              .min(1, "at least one block"),
          ),
        }),
        z.looseObject({
          role: z.literal("assistant"),
          content: orText(
            z.array(
              z.discriminatedUnion("type", [text, toolUse, thinking, redactedThinking], {
                error:
                  "a message of the assistant has blocks of type text, tool_use, thinking or redacted_thinking",
              }),
              BLOCKS,
            ),
          ),
        }),
        z.looseObject({ role: z.literal("system"), content: orText(z.array(text, BLOCKS).min(1)) }),
      ],
      { error: "role is user, assistant or system" },
    ),
    "a list of messages",
  )
  .min(1, "at least one message");

type Given = z.output<typeof messages>[number];
type Block = Given["content"][number];
type Turn = { readonly role: Given["role"]; readonly blocks: Block[] };

const MEDIA = ["image", "document", "search_result", "container_upload"];

/**
 * The body with a list of one block for every string: one form to check, with errors that name the exact block.
 * @throws ServiceError 400 with the reason, for blocks that no text model can read
 */
export function withBlocks(body: unknown): unknown {
  if (!isObject(body)) return body;
  const messages = Array.isArray(body.messages) ? body.messages : [];
  const asBlocks = messages.map((message: unknown, index) =>
    isObject(message) && Object.hasOwn(message, "content")
      ? { ...message, content: messageBlocks(message.content, `messages[${index}].content`) }
      : message,
  );
  return {
    ...body,
    ...(Array.isArray(body.messages) ? { messages: asBlocks } : {}),
    ...(Object.hasOwn(body, "system") ? { system: textBlocks(body.system, "system") } : {}),
  };
}

/** No deeper than results of tools: a hostile body may nest as deep as it likes. */
function messageBlocks(content: unknown, path: string): unknown {
  const blocks = textBlocks(content, path);
  if (!Array.isArray(blocks)) return blocks;
  return blocks.map((block: unknown, index) => {
    if (!isObject(block) || block.type !== "tool_result") return block;
    return { ...block, content: textBlocks(block.content, `${path}[${index}].content`) };
  });
}

function textBlocks(content: unknown, path: string): unknown {
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (!Array.isArray(content)) return content;
  for (const [index, block] of content.entries())
    if (isObject(block)) refuseMedia(block.type, `${path}[${index}]`);
  return content;
}

function refuseMedia(type: unknown, param: string): void {
  if (typeof type !== "string" || !MEDIA.includes(type)) return;
  throw new ServiceError(
    "unsupported_content",
    `this server's models read text only, so a block of type ${type} cannot be used`,
    { param },
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type Conversation = {
  readonly system?: z.output<typeof system>;
  readonly messages: readonly Given[];
};

/** @throws ServiceError 400 when the conversation waits for results of tools, and not for an answer */
export function readMessages({ system, messages }: Conversation): readonly Message[] {
  const last = messages.at(-1);
  if (last?.role === "assistant" && last.content.some(({ type }) => type === "tool_use")) {
    const param = `messages[${messages.length - 1}]`;
    throw new ServiceError("invalid_value", `${param} has a tool_use without its tool_result`, {
      param,
    });
  }
  const names = new Map<string, string>();
  const isTold = (system ?? []).some((block) => block.text !== "");
  return turnsOf([
    ...(system && isTold ? [{ role: "system" as const, content: system }] : []),
    ...messages,
  ]).flatMap((turn) => readTurn(turn, names));
}

/** Consecutive messages of one role are one, as Anthropic has it: many templates take no others. */
function turnsOf(given: readonly Given[]): readonly Turn[] {
  const turns: Turn[] = [];
  for (const { role, content } of given) {
    const last = turns.at(-1);
    if (last?.role !== role) turns.push({ role, blocks: [...content] });
    else for (const block of content) last.blocks.push(block);
  }
  return turns;
}

function readTurn({ role, blocks }: Turn, names: Map<string, string>): readonly Message[] {
  switch (role) {
    case "assistant":
      return [readAnswer(blocks, names)];
    case "user":
      return readQuestion(blocks, names);
    case "system":
      return [{ role, content: linesOf(blocks) }];
  }
}

function readAnswer(blocks: readonly Block[], names: Map<string, string>): Message {
  const toolCalls: ToolCall[] = [];
  const thoughts: string[] = [];
  let content = "";
  for (const block of blocks) {
    if (block.type === "text") content += block.text;
    if (block.type === "thinking") thoughts.push(block.thinking);
    if (block.type !== "tool_use") continue;
    const { id, name, input } = block;
    names.set(id, name);
    toolCalls.push({ id, name, arguments: input as ToolCall["arguments"] }); // it came out of JSON
  }
  const reasoning = thoughts.length > 0 ? thoughts.join("\n") : null;
  return { role: "assistant", content, reasoning, toolCalls };
}

/** Results come first, wherever they stand: nothing may come between a call and its result. */
function readQuestion(
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
  return hasText ? [...results, { role: "user", content: linesOf(blocks) }] : results;
}

/** Templates have no field for a failure: the words say it, unless they do already. */
function resultText({ content, is_error: isError }: z.output<typeof toolResult>): string {
  const told = linesOf(content ?? []);
  return isError && !/^error\b/i.test(told) ? `Error: ${told}` : told;
}

/** Blocks of a client stand for themselves, as paragraphs do; those of an answer follow each other without a break. */
function linesOf(blocks: readonly Block[]): string {
  return blocks.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n");
}
