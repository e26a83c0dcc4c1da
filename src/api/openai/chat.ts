// The dialect of POST /v1/chat/completions. https://platform.openai.com/docs/api-reference/chat

import { z } from "zod";
import type { AskedPrompt, Message, ToolUse } from "../../generation/request.ts";
import type { Dialect } from "../dialect.ts";
import { CHAT_CODES } from "../shared/contract.ts";
import { policyWith, UNSUPPORTED_IN_CHAT, WISHES_IN_CHAT } from "../shared/field-policy.ts";
import * as field from "../shared/field-types.ts";
import { eitherOf, logprobOptions, requestsOf, sharedFields } from "../shared/fields.ts";
import { parseBody } from "../shared/parse-body.ts";
import { invalidValue } from "../shared/refusals.ts";
import { formatOf } from "../shared/schema-grammar.ts";
import { OPENAI } from "./answer.ts";
import { chatChunk, chatCompletion } from "./chat-answer.ts";
import { chatShape } from "./chat-shape.ts";
import { encodeOpenaiError, OpenaiEncoder } from "./encoder.ts";
import { messages, readMessages, refuseUnreadable } from "./messages.ts";
import { readReasoning, reasoningFields } from "./reasoning.ts";
import { chatToolFields, readChatTools } from "./tools.ts";

const POLICY = policyWith({
  unsupported: { ...UNSUPPORTED_IN_CHAT, prompt: [], input: [] },
  wishes: WISHES_IN_CHAT,
  sameAs: { max_output_tokens: "max_tokens", n_predict: "max_tokens" },
});

const schema = z.object({
  ...sharedFields,
  ...chatToolFields,
  ...reasoningFields,
  messages,
  max_completion_tokens: sharedFields.max_tokens.describe("Newer name of max_tokens."),
  ...field.logprobFields,
  continue_final_message: field.flag("Whether to continue the assistant's last message."),
  add_generation_prompt: field.flag("Whether to begin a new message even after the assistant's."),
});

type Fields = z.output<typeof schema>;

export const openaiChat: Dialect = {
  path: "/v1/chat/completions",

  contract: {
    name: "ChatCompletion",
    tag: OPENAI,
    summary: "Answers a conversation",
    body: schema,
    ...POLICY,
    example: { messages: [{ role: "user", content: "What is streaming?" }], max_tokens: 60 },
    answer: chatCompletion,
    event: chatChunk,
    lastData: "[DONE]",
    codes: CHAT_CODES,
  },

  parse(body, context) {
    refuseUnreadable(body);
    const { fields, ignoredParams } = parseBody(schema, body, POLICY);
    const { prompt: reasoning, wishes } = readReasoning(fields);
    const { use, customNames, ignored } = readChatTools(fields);
    const own = {
      prompts: [readPrompt(fields, use, reasoning)],
      format: formatOf(fields),
      maxTokens: eitherOf(fields, "max_tokens", "max_completion_tokens"),
      logprobs: logprobOptions(fields),
      echoesPrompt: false,
    };
    const encoded = { ...fields, logprobs: own.logprobs };
    return {
      ...requestsOf(fields, own, context),
      ignoredParams: [...ignoredParams, ...ignored],
      wishes,
      encoder: (identity) => new OpenaiEncoder(chatShape(customNames), identity, encoded),
    };
  },

  encodeError: encodeOpenaiError,
};

type MessagesPrompt = Extract<AskedPrompt, { readonly type: "messages" }>;

function readPrompt(
  fields: Fields,
  tools: MessagesPrompt["tools"],
  reasoning: Pick<MessagesPrompt, "reasoning" | "variables">,
): AskedPrompt {
  const read = readMessages(fields.messages);
  if (tools) refuseEndless(fields, tools);
  return {
    type: "messages",
    messages: read,
    tools,
    continuesLast: continuesLast(fields, read),
    ...reasoning,
  };
}

/** An answer that is a tool call ends with the call, so fields that prolong or shape the answer contradict tools. */
function refuseEndless(
  { ignore_eos, min_tokens, grammar }: Fields,
  use: Pick<ToolUse, "isRequired">,
): void {
  const isRaw = grammar !== null && grammar !== undefined && grammar !== "";
  const params = { ignore_eos, min_tokens: min_tokens > 0, grammar: isRaw && !use.isRequired };
  for (const [param, isSet] of Object.entries(params)) {
    if (!isSet) continue;
    throw invalidValue(param, "cannot be used together with tools");
  }
}

/** Like most local servers, continues a final assistant message unless the client says otherwise. */
function continuesLast(fields: Fields, read: readonly Message[]): boolean {
  const { continue_final_message: isWanted, add_generation_prompt: opensAnswer } = fields;
  const last = read.at(-1);
  const isAnswer = last?.role === "assistant" && last.toolCalls.length === 0;
  if (isWanted === true && !isAnswer)
    throw invalidValue(
      "continue_final_message",
      "requires the last message to be the assistant's, without tool calls",
    );
  if (isWanted === true && opensAnswer === true)
    throw invalidValue(
      "continue_final_message",
      "cannot be true together with add_generation_prompt",
    );
  const isContinued = isAnswer && (isWanted ?? opensAnswer !== true);
  if (opensAnswer === false && !isContinued)
    throw invalidValue(
      "add_generation_prompt",
      "can be false only if the last message is continued",
    );
  return isContinued;
}
