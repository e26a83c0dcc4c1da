// The dialect of POST /api/chat. https://docs.ollama.com/api/chat

import { z } from "zod";
import type { AskedRequest, Message } from "../../generation/request.ts";
import type { Dialect, ParseContext } from "../dialect.ts";
import { type ChatTools, chatToolFields, readChatTools } from "../openai/tools.ts";
import { CHAT_CODES } from "../shared/contract.ts";
import * as field from "../shared/field-types.ts";
import { parseBody } from "../shared/parse-body.ts";
import { functionTool, hostedTool, TOOL_TYPES, toolList } from "../shared/tools.ts";
import { type ChatFields, chatForms, OLLAMA } from "./answer.ts";
import { type AnswerPart, noticeOf } from "./encoder.ts";
import { encodeOllamaError } from "./errors.ts";
import {
  commonFields,
  modelActionOf,
  POLICY as POLICY_IN_BOTH,
  parsedOf,
  readReasoning,
  requestOf,
} from "./fields.ts";
import { messages, readMessages, refuseImages, shorterForms } from "./messages.ts";

const POLICY = {
  ...POLICY_IN_BOTH,
  unsupported: {
    ...POLICY_IN_BOTH.unsupported,
    prompt: [""],
    system: [""],
    suffix: [""],
    raw: [false],
  },
};

/** Ollama requires no type. */
const untyped = functionTool.extend({ type: functionTool.shape.type.nullish() });

const schema = z.object({
  ...commonFields,
  messages,
  tools: toolList(z.union([untyped, hostedTool(["function"])], { error: TOOL_TYPES })),
  tool_choice: z
    .unknown()
    .optional()
    .describe(
      "As in OpenAI's API. Ollama does not look at it, so any other value is left out and named.",
    ),
  truncate: field.off("Whether to leave out the oldest turns of a conversation that is too long."),
});

type Fields = z.output<typeof schema>;

function encodePart({ text = "", reasoning, calls }: AnswerPart): ChatFields {
  return {
    message: {
      role: "assistant",
      content: text,
      ...(reasoning === undefined ? {} : { thinking: reasoning }),
      ...(calls ? { tool_calls: calls } : {}),
    },
  };
}

export const ollamaChat: Dialect = {
  path: "/api/chat",

  contract: {
    name: "OllamaChat",
    tag: OLLAMA,
    summary: "Answers a conversation",
    body: schema,
    ...POLICY,
    example: {
      model: "builtin",
      messages: [{ role: "user", content: "What is streaming?" }],
      options: { num_predict: 60 },
      stream: false,
    },
    answer: chatForms.answer,
    event: chatForms.event,
    codes: CHAT_CODES,
  },

  parse(body, context) {
    refuseImages(body);
    const { fields, ignoredParams } = parseBody(schema, body, POLICY);
    const { use, ignored } = toolsOf(fields);
    const request = chatRequest(fields, use, context);
    const named = [...ignoredParams, ...ignored];
    const parsed = parsedOf(fields, named, encodePart);
    if (!fields.messages?.length) {
      const modelAction = modelActionOf(fields, encodePart);
      return { ...parsed, ignoredParams: named, requests: [], modelAction };
    }
    const whole = readMessages(fields.messages);
    const formOf = (form: readonly Message[]) => ({ ...parsed, requests: [request(form)] });
    const shorter = fields.truncate ? shorterForms(whole) : [];
    return { ...formOf(whole), shorterForms: shorter.map((form) => () => formOf(form())) };
  },

  encodeError: encodeOllamaError,
  lines: { notice: noticeOf(encodePart) },
};

function toolsOf({ tools, tool_choice }: Fields) {
  const typed = (tools ?? []).map((tool) =>
    tool.type === "hosted" ? tool : { ...tool, type: "function" as const },
  );
  const choice = chatToolFields.tool_choice.safeParse(tool_choice);
  const { use, ignored } = readChatTools({ tools: typed, tool_choice: choice.data });
  return { use, ignored: choice.success ? ignored : [...ignored, "tool_choice"] };
}

/** Like Ollama, continues a final assistant message. */
function chatRequest(fields: Fields, tools: ChatTools["use"], context: ParseContext) {
  const reasoning = readReasoning(fields);
  const prompt = { type: "messages", messages: [], continuesLast: false, variables: {} } as const;
  const shared = requestOf(fields, { ...prompt, tools, reasoning }, context);
  return (messages: readonly Message[]): AskedRequest => {
    const last = messages.at(-1);
    const continuesLast = last?.role === "assistant" && last.toolCalls.length === 0;
    return { ...shared, prompt: { ...prompt, messages, tools, reasoning, continuesLast } };
  };
}
