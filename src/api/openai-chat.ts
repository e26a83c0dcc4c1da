// POST /v1/chat/completions. https://platform.openai.com/docs/api-reference/chat

import { z } from "zod";
import { ServiceError } from "../errors.ts";
import type { Message, MessageRole } from "../generation/request.ts";
import type { Dialect } from "./dialect.ts";
import { parseBody, sharedFields, sharedRequest, unsupportedWith } from "./openai-request.ts";
import { type AnswerShape, encodeOpenaiError, OpenaiEncoder } from "./openai-shared.ts";

const UNSUPPORTED = unsupportedWith({
  tools: [],
  tool_choice: ["none", "auto"],
  parallel_tool_calls: [true, false], // means nothing without tools
  functions: [],
  function_call: ["none", "auto"],
  top_logprobs: [0],
  modalities: [["text"]],
  audio: [],
  prediction: [],
  reasoning_effort: [],
  verbosity: ["medium"],
  web_search_options: [],
  moderation: [],
  chat_template: [],
  chat_template_kwargs: [],
  reasoning_format: ["none", "auto"],
  thinking_budget_tokens: [-1],
  add_generation_prompt: [true],
  continue_final_message: [false],
  echo: [false],
});

const textPart = z.looseObject({ type: z.literal("text"), text: z.string() });

const content = z.union([z.string(), z.array(textPart).min(1)], {
  error: 'a string, or a list of parts {type: "text", text: string}',
});

const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant"]),
  content,
  name: z.string().nullish(), // chat templates do not look at it
  refusal: z.null().optional(),
  // Refused with a reason, if they hold anything, before the schema is asked.
  tool_calls: z.unknown().optional(),
  function_call: z.unknown().optional(),
  tool_call_id: z.unknown().optional(),
  audio: z.unknown().optional(),
  reasoning_content: z.unknown().optional(),
});

const schema = z.object({
  ...sharedFields,
  messages: z.array(message).min(1, "at least one message"),
  max_completion_tokens: sharedFields.max_tokens,
});

const SHAPE: AnswerShape = {
  idPrefix: "chatcmpl",
  chunkObject: "chat.completion.chunk",
  bodyObject: "chat.completion",
  opening: { delta: { role: "assistant", content: "" } },
  delta: (content) => ({ delta: { content } }),
  closing: { delta: {} },
  whole: (content) => ({ message: { role: "assistant", content, refusal: null } }),
};

type Fields = z.output<typeof schema>;

/** Part types that OpenAI knows and a text model cannot read. */
const MEDIA_PARTS = ["image_url", "input_audio", "file", "video_url", "audio_url"];
/** Message fields that ask for something we cannot do yet, if they hold anything. */
const UNSUPPORTED_IN_MESSAGE = [
  "tool_calls",
  "function_call",
  "tool_call_id",
  "audio",
  "reasoning_content",
];

export const openaiChat: Dialect = {
  path: "/v1/chat/completions",

  parse(body, context) {
    refuseUnreadable(body);
    const { fields, ignoredParams } = parseBody(schema, body, UNSUPPORTED);
    return {
      request: {
        ...sharedRequest(fields, maxTokens(fields), context),
        prompt: { type: "messages", messages: fields.messages.map(toMessage) },
      },
      model: fields.model ?? null,
      isStreamed: fields.stream,
      ignoredParams,
      encoder: (identity) =>
        new OpenaiEncoder(SHAPE, identity, fields.stream_options?.include_usage ?? false),
    };
  },

  encodeError: encodeOpenaiError,
};

/** Refuses with a reason what the schema would only call wrong: media, tools, their roles. */
function refuseUnreadable(body: unknown): void {
  const messages = (body as { messages?: unknown } | null)?.messages;
  if (!Array.isArray(messages)) return;
  for (const [index, each] of messages.entries()) {
    if (typeof each !== "object" || each === null) continue;
    refuseTools(each as Record<string, unknown>, `messages[${index}]`);
    refuseMedia((each as { content?: unknown }).content, `messages[${index}].content`);
  }
}

function refuseTools(given: Record<string, unknown>, path: string): void {
  if (given.role === "tool" || given.role === "function") {
    throw new ServiceError("unsupported_content", "tool results are not supported by this server", {
      param: `${path}.role`,
    });
  }
  for (const name of UNSUPPORTED_IN_MESSAGE) {
    const value = given[name];
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0))
      continue;
    throw new ServiceError("unsupported_content", `${name} is not supported by this server`, {
      param: `${path}.${name}`,
    });
  }
}

function refuseMedia(parts: unknown, path: string): void {
  if (!Array.isArray(parts)) return;
  for (const [index, part] of parts.entries()) {
    const type = (part as { type?: unknown } | null)?.type;
    if (typeof type !== "string" || !MEDIA_PARTS.includes(type)) continue;
    throw new ServiceError(
      "unsupported_content",
      `this server's models read text only, so a part of type ${type} cannot be used`,
      { param: `${path}[${index}]` },
    );
  }
}

function maxTokens({ max_tokens, max_completion_tokens }: Fields): number | null {
  const [older, newer] = [max_tokens ?? null, max_completion_tokens ?? null];
  if (older !== null && newer !== null && older !== newer) {
    throw new ServiceError(
      "invalid_value",
      `max_tokens is ${older} and max_completion_tokens is ${newer}; send one of them`,
      { param: "max_tokens" },
    );
  }
  return newer ?? older;
}

function toMessage({ role, content: given }: Fields["messages"][number]): Message {
  const text = typeof given === "string" ? given : given.map((part) => part.text).join("");
  return { role: role === "developer" ? "system" : (role satisfies MessageRole), content: text };
}
