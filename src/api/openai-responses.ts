// POST /v1/responses, one turn at a time: nothing is kept here between requests.
// https://platform.openai.com/docs/api-reference/responses

import { z } from "zod";
import { ServiceError } from "../errors.ts";
import type { Prompt } from "../generation/request.ts";
import type { Dialect, ParseContext, ParsedRequest } from "./dialect.ts";
import {
  MOST_ALTERNATIVES,
  requestsOf,
  sharedFields,
  unsupportedWith,
} from "./openai-request.ts";
import { encodeOpenaiError } from "./openai-shared.ts";
import { readThinking } from "./openai-thinking.ts";
import { readTools } from "./openai-tools.ts";
import { parseBody, type Unsupported } from "./parse-body.ts";
import { ResponsesEncoder } from "./responses-encoder.ts";
import { input, readInput, refuseUnreadableItems } from "./responses-input.ts";

const UNSUPPORTED: Unsupported = {
  ...unsupportedWith({}),
  n: [1],
  background: [false],
  conversation: [],
  previous_response_id: [],
  prompt: [],
  context_management: [],
  moderation: [],
  max_tool_calls: [],
};

/** What `include` may ask for, and is there without it, or never. */
const INCLUDABLE = ["reasoning.encrypted_content", "message.output_text.logprobs"];

const { n: _one, max_tokens: _other, stream_options: _own, response_format: _format, ...ownFields } =
  sharedFields;

const named = z.looseObject({ type: z.literal("function"), name: z.string() });

const format = z.discriminatedUnion(
  "type",
  [
    z.looseObject({ type: z.literal("text") }),
    z.looseObject({ type: z.literal("json_object") }),
    z.looseObject({
      type: z.literal("json_schema"),
      name: z.string().min(1).max(64),
      schema: z.record(z.string(), z.unknown()),
      description: z.string().nullish(),
      strict: z.boolean().nullish(),
    }),
  ],
  { error: "type is text, json_object or json_schema" },
);

const schema = z.object({
  ...ownFields,
  input,
  instructions: z.string().nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  tools: z
    .array(
      z.looseObject({
        type: z.literal("function", "function is the only type of tool here"),
        name: z.string(),
        description: z.string().nullish(),
        parameters: z.record(z.string(), z.unknown()).nullish(),
        strict: z.boolean().nullish(),
      }),
    )
    .nullish(),
  tool_choice: z
    .union(
      [
        z.enum(["none", "auto", "required"]),
        named,
        z.looseObject({
          type: z.literal("allowed_tools"),
          mode: z.enum(["auto", "required"]),
          tools: z.array(named).min(1),
        }),
      ],
      { error: 'none, auto, required, or {type: "function", name}' },
    )
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: z
    .looseObject({
      format: format.nullish(),
      verbosity: z.literal("medium", "medium is the only verbosity here").nullish(),
    })
    .nullish(),
  reasoning: z
    .looseObject({
      effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]).nullish(),
      summary: z.enum(["auto", "concise", "detailed"]).nullish(), // thoughts come whole, not as a summary
    })
    .nullish(),
  include: z.array(z.enum(INCLUDABLE)).nullish(),
  top_logprobs: z.int().min(0).max(MOST_ALTERNATIVES).nullish(),
  truncation: z.literal("disabled", "disabled is the only truncation here").nullish(),
  store: z.boolean().nullish(),
  stream_options: z.looseObject({ include_obfuscation: z.boolean().nullish() }).nullish(),
});

export type ResponsesFields = z.output<typeof schema>;

export const openaiResponses: Dialect = {
  path: "/v1/responses",

  parse(body, context) {
    refuseUnreadableItems((body as { input?: unknown } | null)?.input);
    const { fields, ignoredParams } = parseBody(schema, body, UNSUPPORTED);
    return withOwnParams(() => parsedRequest(fields, ignoredParams, context));
  },

  encodeError: encodeOpenaiError,
};

function parsedRequest(
  fields: ResponsesFields,
  ignoredParams: readonly string[],
  context: ParseContext,
): ParsedRequest {
  const { use, ignoredParams: ignoredKeywords } = readTools(chatTools(fields));
  const { effort } = fields.reasoning ?? {};
  const messages = readInput(fields.input, fields.instructions ?? null);
  const prompt: Prompt = {
    type: "messages",
    messages,
    tools: use,
    continuesLast: messages.at(-1)?.role === "assistant",
    ...readThinking({ reasoning_effort: effort }),
  };
  const wantsScores =
    (fields.top_logprobs ?? 0) > 0 || fields.include?.includes("message.output_text.logprobs");
  const parsed = requestsOf(
    { ...fields, n: 1, stream_options: null, max_tokens: null, response_format: chatFormat(fields) },
    {
      prompts: [prompt],
      maxTokens: fields.max_output_tokens ?? null,
      scores: wantsScores ? { alternatives: fields.top_logprobs ?? 0, includesPrompt: false } : null,
      echoesPrompt: false,
    },
    context,
  );
  return {
    ...parsed,
    ignoredParams: [...ignoredParams, ...ignoredKeywords.map(ownParam)],
    encoder: (identity) => new ResponsesEncoder(identity, fields),
  };
}

/** As chat completions have them. */
function chatTools({ tools, tool_choice: choice, parallel_tool_calls }: ResponsesFields) {
  const asFunction = ({ type, ...rest }: NonNullable<typeof tools>[number]) => ({ type, function: rest });
  return {
    tools: tools?.map(asFunction) ?? null,
    tool_choice: chatChoice(choice ?? null),
    parallel_tool_calls,
  };
}

function chatChoice(choice: NonNullable<ResponsesFields["tool_choice"]> | null) {
  if (choice === null || typeof choice === "string") return choice;
  const asFunction = ({ name }: { readonly name: string }) =>
    ({ type: "function", function: { name } }) as const;
  if (choice.type === "function") return asFunction(choice);
  const { mode, tools } = choice;
  return { type: "allowed_tools", allowed_tools: { mode, tools: tools.map(asFunction) } } as const;
}

function chatFormat({ text }: ResponsesFields) {
  const given = text?.format;
  if (!given || given.type !== "json_schema") return given ?? null;
  const { name, schema: ofAnswer, strict } = given;
  return { type: "json_schema", json_schema: { name, schema: ofAnswer, strict } } as const;
}

/** The names of chat completions' fields, and what they are here. */
function ownParam(param: string): string {
  return param
    .replace(/^(tools\[\d+\])\.function\b/, "$1")
    .replace(/^response_format\.json_schema\b/, "text.format")
    .replace(/^response_format\b/, "text.format")
    .replace(/^reasoning_effort$/, "reasoning.effort");
}

function withOwnParams<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.param === null) throw error;
    const param = ownParam(error.param);
    throw new ServiceError(error.code, error.message.replace(error.param, param), {
      param,
      cause: error.cause,
    });
  }
}
