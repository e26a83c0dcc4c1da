// The dialect of POST /v1/messages. https://docs.anthropic.com/en/api/messages

import { z } from "zod";
import type { ModelInfo } from "../../generation/model-info.ts";
import type { AskedRequest } from "../../generation/request.ts";
import type { Dialect, ParseContext } from "../dialect.ts";
import type { AboutRequest } from "../endpoint.ts";
import { CHAT_CODES } from "../shared/contract.ts";
import { policyWith } from "../shared/field-policy.ts";
import * as field from "../shared/field-types.ts";
import { PENALTY_TOKENS, PLAIN_REQUEST } from "../shared/fields.ts";
import { parseBody } from "../shared/parse-body.ts";
import { invalidValue } from "../shared/refusals.ts";
import { jsonSchema, schemaAt } from "../shared/schema-grammar.ts";
import { askedReasoning } from "../shared/wishes.ts";
import { ANTHROPIC, anthropicEvent, anthropicMessage } from "./answer.ts";
import { withReadableBlocks } from "./blocks.ts";
import { messages, readMessages, system } from "./content.ts";
import { diagnosticsField, readDiagnostics } from "./diagnostics.ts";
import { AnthropicEncoder, PING } from "./encoder.ts";
import { encodeAnthropicError } from "./errors.ts";
import { type AnthropicTools, readTools, toolFields } from "./tools.ts";

const POLICY = policyWith({
  unsupported: { container: [], thread: [] },
  replacements: {
    guided_json: "output_config.format",
    structured_outputs: "output_config.format",
  },
  wishes: {
    mcp_servers: [],
    // Claude Code sends the second value with every request: keep all reasoning, which is what happens here.
    context_management: [
      { edits: [] },
      { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
    ],
    compaction: [],
    fallbacks: [],
    service_tier: ["auto", "standard_only"],
  },
});

const format = field.optional(
  z.looseObject({
    type: field.kind("json_schema", "must be json_schema, the only type here"),
    schema: jsonSchema,
  }),
  "Constrains the answer to a JSON schema.",
);

const reasoningLimit = z.int().min(1).describe("For enabled: maximum number of reasoning tokens.");

const display = field.optional(
  z.enum(["summarized", "omitted"], "must be summarized or omitted"),
  "omitted leaves the reasoning out of the answer.",
);

const schema = z.object({
  ...toolFields,
  model: field.modelId,
  max_tokens: field.tokenLimit,
  messages,
  system,
  stop_sequences: field.stopList,
  stream: field.off(field.STREAM),
  temperature: field.defaulted(field.sampler.temperature(1), 1),
  top_p: field.defaulted(field.sampler.topP, 1),
  top_k: field.defaulted(field.sampler.topK, 0),
  thinking: field.optional(
    z.discriminatedUnion(
      "type",
      [
        field.form("enabled", { budget_tokens: reasoningLimit, display }),
        field.form("adaptive", { display }),
        field.form("disabled", {}),
      ],
      { error: "type must be enabled, adaptive or disabled" },
    ),
    "Whether the model reasons before it answers.",
  ),
  output_config: field.optional(
    z.looseObject({
      format,
      effort: field.text(
        "How much the model reasons: low, medium, high, xhigh or max, which equals xhigh. Others are ignored.",
      ),
    }),
    "Form of the answer, and reasoning effort.",
  ),
  output_format: format.describe("Older name of output_config.format."),
  service_tier: field.withoutEffect(z.string(), "Ignored: this server has one tier."),
  cache_control: field.ignored(field.ALWAYS_CACHED),
  diagnostics: diagnosticsField,
});

/** For `count_tokens`: the same body, in which `max_tokens` is optional. */
export const promptSchema = schema.extend({
  max_tokens: field.tokenLimit.optional().describe("Ignored; accepted because a message has it."),
  diagnostics: diagnosticsField.meta({ [field.WITHOUT_EFFECT_MARK]: true }),
});

type Fields = z.output<typeof promptSchema>;

export const anthropicMessages: Dialect = {
  path: "/v1/messages",

  contract: {
    name: "Message",
    tag: ANTHROPIC,
    summary: "Answers a conversation",
    body: schema,
    ...POLICY,
    example: { max_tokens: 60, messages: [{ role: "user", content: "What is streaming?" }] },
    answer: anthropicMessage,
    event: anthropicEvent,
    codes: CHAT_CODES,
  },

  parse(body, context) {
    const { fields, ...parsed } = parseFor(schema, body, context);
    return {
      ...parsed,
      choicesPerPrompt: 1,
      isStreamed: fields.stream,
      flush: "token",
      isFlex: false,
      ...readDiagnostics(fields.diagnostics),
      encoder: (identity) =>
        new AnthropicEncoder(identity, {
          hidesReasoning: omitsReasoning(fields),
          hasDiagnostics: Boolean(fields.diagnostics),
        }),
    };
  },

  encodeError: encodeAnthropicError,
  streamEvents: { error: "error", heartbeat: PING },
};

/** Parses a body only for its prompt, for `count_tokens`. */
export function parsePrompt(body: unknown, context: ParseContext): AboutRequest {
  return parseFor(promptSchema, body, context);
}

function parseFor(form: typeof schema | typeof promptSchema, body: unknown, context: ParseContext) {
  const given = withReadableBlocks(body);
  const { fields, ignoredParams } = parseBody(form, given.body, POLICY);
  const tools = readTools(fields, given.loadedTools);
  return {
    fields,
    requests: [requestOf(fields, tools.use, context)],
    model: fields.model ?? null,
    ignoredParams: [...ignoredParams, ...given.ignoredParams, ...tools.ignored],
    wishes: readReasoning(fields).wishes,
  };
}

function requestOf(
  fields: Fields,
  tools: AnthropicTools["use"],
  context: ParseContext,
): AskedRequest {
  const read = readMessages(fields);
  return {
    prompt: {
      type: "messages",
      messages: read,
      tools,
      continuesLast: read.at(-1)?.role === "assistant",
      reasoning: readReasoning(fields).reasoning,
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
      penaltyTokens: PENALTY_TOKENS,
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

/** Adaptive reasoning leaves the decision to the model, so any model that reasons grants it. */
function readReasoning({ thinking, output_config: config }: Fields) {
  const isOn = thinking?.type === "enabled";
  const { reasoning, wishes } = askedReasoning({
    efforts: [
      ["thinking", isOn || (thinking?.type === "disabled" ? false : null)],
      ["output_config.effort", config?.effort],
    ],
    budgets: [["thinking.budget_tokens", isOn ? thinking.budget_tokens : null]],
  });
  const isMetBy = ({ reasoningFormat }: ModelInfo) => reasoningFormat !== null;
  const adaptive = thinking?.type === "adaptive" ? [{ field: "thinking", isMetBy }] : [];
  return { reasoning, wishes: [...wishes, ...adaptive] };
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
