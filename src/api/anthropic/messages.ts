// The dialect of POST /v1/messages. https://docs.anthropic.com/en/api/messages

import { z } from "zod";
import type { AskedRequest, ReasoningOptions } from "../../generation/request.ts";
import type { Dialect, ParseContext } from "../dialect.ts";
import type { AboutRequest } from "../endpoint.ts";
import { CHAT_CODES, withoutEffect } from "../shared/contract.ts";
import {
  defaulted,
  MAX_STOPS,
  PLAIN_REQUEST,
  stopString,
  unsupportedWith,
} from "../shared/fields.ts";
import { parseBody, type Replacements } from "../shared/parse-body.ts";
import { invalidValue } from "../shared/refusals.ts";
import { jsonSchema, schemaAt } from "../shared/schema-grammar.ts";
import { anthropicError, anthropicEvent, anthropicMessage } from "./answer.ts";
import { messages, readMessages, system, withBlocks } from "./content.ts";
import { AnthropicEncoder, PING } from "./encoder.ts";
import { encodeAnthropicError } from "./errors.ts";
import { readTools, toolFields } from "./tools.ts";

const UNSUPPORTED = unsupportedWith({
  container: [],
  mcp_servers: [],
  // Claude Code sends the second value with every request: keep all reasoning, which is what happens here.
  context_management: [
    { edits: [] },
    { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
  ],
  compaction: [],
  fallbacks: [],
  thread: [],
});

const REPLACEMENTS: Replacements = {
  guided_json: "output_config.format",
  structured_outputs: "output_config.format",
};

const format = z
  .looseObject({
    type: z.literal("json_schema", "must be json_schema, the only type here"),
    schema: jsonSchema,
  })
  .nullish();

const display = z.enum(["summarized", "omitted"], "must be summarized or omitted").nullish();

const schema = z.object({
  ...toolFields,
  model: z.string().nullish(),
  max_tokens: z.int().min(1),
  messages,
  system,
  stop_sequences: z
    .array(stopString)
    .max(MAX_STOPS, `must have at most ${MAX_STOPS} strings`)
    .nullish(),
  stream: defaulted(z.boolean(), false),
  temperature: defaulted(z.number().min(0).max(1), 1),
  top_p: defaulted(z.number().min(0).max(1), 1),
  top_k: defaulted(z.int().min(0).max(1_000_000), 0),
  thinking: z
    .discriminatedUnion(
      "type",
      [
        z.looseObject({ type: z.literal("enabled"), budget_tokens: z.int().min(1), display }),
        z.looseObject({ type: z.literal("adaptive"), display }),
        z.looseObject({ type: z.literal("disabled") }),
      ],
      { error: "type must be enabled, adaptive or disabled" },
    )
    .nullish(),
  output_config: z
    .looseObject({
      format,
      effort: z
        .enum(["low", "medium", "high", "xhigh", "max"], "must be low, medium, high, xhigh or max")
        .nullish(),
    })
    .nullish(),
  output_format: format,
  service_tier: withoutEffect(
    z.enum(["auto", "standard_only"], "must be auto or standard_only").nullish(),
  ),
  cache_control: withoutEffect(z.unknown().optional()), // every prompt is cached
  diagnostics: withoutEffect(z.unknown().optional()), // about Anthropic's cache
});

/** For `count_tokens`: the same body, in which `max_tokens` is optional. */
export const promptSchema = schema.partial({ max_tokens: true });

type Fields = z.output<typeof promptSchema>;

export const anthropicMessages: Dialect = {
  path: "/v1/messages",

  contract: {
    name: "Message",
    tag: "Anthropic",
    summary: "Answers a conversation",
    body: schema,
    unsupported: UNSUPPORTED,
    replacements: REPLACEMENTS,
    example: { max_tokens: 60, messages: [{ role: "user", content: "What is streaming?" }] },
    answer: anthropicMessage,
    event: anthropicEvent,
    error: anthropicError,
    codes: CHAT_CODES,
  },

  parse(body, context) {
    const given = withBlocks(body);
    const { fields, ignoredParams } = parseBody(schema, given, UNSUPPORTED, REPLACEMENTS);
    const request = requestOf(fields, context);
    return {
      requests: [request],
      choicesPerPrompt: 1,
      model: fields.model ?? null,
      isStreamed: fields.stream,
      flush: "token",
      isFlex: false,
      ignoredParams,
      encoder: (identity) => new AnthropicEncoder(identity, omitsReasoning(fields)),
    };
  },

  encodeError: encodeAnthropicError,
  streamEvents: { error: "error", heartbeat: PING },
};

/** Parses a body only for its prompt, for `count_tokens`. */
export function parsePrompt(body: unknown, context: ParseContext): AboutRequest {
  const given = withBlocks(body);
  const { fields, ignoredParams } = parseBody(promptSchema, given, UNSUPPORTED, REPLACEMENTS);
  return { requests: [requestOf(fields, context)], model: fields.model ?? null, ignoredParams };
}

function requestOf(fields: Fields, context: ParseContext): AskedRequest {
  const read = readMessages(fields);
  return {
    prompt: {
      type: "messages",
      messages: read,
      tools: readTools(fields),
      continuesLast: read.at(-1)?.role === "assistant",
      reasoning: readReasoning(fields),
      variables: {},
    },
    sampling: {
      temperature: fields.temperature,
      topP: fields.top_p,
      topK: fields.top_k,
      minP: 0,
      seed: context.randomSeed(),
      presencePenalty: 0,
      frequencyPenalty: 0,
      repeatPenalty: 1,
      logitBias: [],
    },
    stop: fields.stop_sequences ?? [],
    maxTokens: fields.max_tokens ?? null,
    ...PLAIN_REQUEST,
    grammar: grammarOf(fields),
    logprobs: null,
    reportsProgress: fields.stream, // a stream begins with the number of cached prompt tokens
  };
}

/** Chat templates know OpenAI's efforts, the highest of which is `xhigh`. */
function readReasoning({ thinking, output_config: config }: Fields): ReasoningOptions {
  const effort = config?.effort === "max" ? "xhigh" : (config?.effort ?? null);
  switch (thinking?.type) {
    case "disabled":
      return { effort: "none", budgetTokens: null, isSeparate: true };
    case "enabled":
      return { effort: effort ?? "medium", budgetTokens: thinking.budget_tokens, isSeparate: true };
    default:
      return { effort, budgetTokens: null, isSeparate: true };
  }
}

function omitsReasoning({ thinking }: Fields): boolean {
  return thinking?.type !== "disabled" && thinking?.display === "omitted";
}

/** `output_format` is the older name of `output_config.format`. */
function grammarOf({
  output_config: config,
  output_format: older,
}: Fields): AskedRequest["grammar"] {
  const newer = config?.format;
  if (newer && older) {
    throw invalidValue("output_format", "cannot be used together with output_config.format");
  }
  if (newer) return schemaAt(newer.schema, "output_config.format.schema");
  return older ? schemaAt(older.schema, "output_format.schema") : null;
}
