// Gemini's generationConfig → sampling, limits, answer form and reasoning.
// https://ai.google.dev/api/generate-content#v1beta.GenerationConfig

import { z } from "zod";
import type { ServiceError } from "../../errors.ts";
import type { AskedRequest, LogprobOptions, SamplingParams } from "../../generation/request.ts";
import { gbnf, oneOf } from "../../grammar/nodes.ts";
import type { ParseContext } from "../dialect.ts";
import * as field from "../shared/field-types.ts";
import { PENALTY_TOKENS, wrapSeed } from "../shared/fields.ts";
import { invalidValue } from "../shared/refusals.ts";
import { jsonSchema, schemaAt } from "../shared/schema-grammar.ts";
import { askedReasoning } from "../shared/wishes.ts";
import { jsonSchemaOf, openapiSchema, schemaIn } from "./schema.ts";

/** Gemini's own limit. */
const MAX_CANDIDATES = 8;
const CONFIG = "generationConfig";

const unsupported = field.refused("is not supported by this server");

const thinkingConfig = field.optional(
  z.looseObject({
    includeThoughts: field.off("Whether to return the model's reasoning."),
    thinkingBudget: z
      .int()
      .min(-1)
      .nullish()
      .meta({ default: -1 })
      .describe("Maximum number of reasoning tokens; 0 switches reasoning off, -1 means no limit."),
    thinkingLevel: field.text(
      "How much the model reasons: MINIMAL, LOW, MEDIUM, HIGH, XHIGH or MAX, which equals XHIGH. Others are ignored.",
    ),
  }),
  "Reasoning options.",
);

/** A text, or JSON. The other formats of Google's API are media. */
const responseFormat = field.optional(
  z
    .array(
      z.looseObject({
        text: field.optional(
          z.looseObject({
            mimeType: field.optional(
              z.enum(["text/plain", "application/json", "TEXT_PLAIN", "APPLICATION_JSON"]),
              "Constrains the answer to JSON.",
            ),
            schema: field.optional(jsonSchema, "JSON schema of the answer."),
          }),
          "The form of a text.",
        ),
        audio: unsupported,
        image: unsupported,
        video: unsupported,
      }),
    )
    .max(1, "must have one format"),
  "Newer name of responseMimeType and responseJsonSchema.",
);

const config = z.looseObject({
  temperature: field.defaulted(field.sampler.temperature(2), 1),
  topP: field.defaulted(field.sampler.topP, 1),
  topK: field.defaulted(field.sampler.topK, 0),
  candidateCount: field
    .defaulted(z.int().min(1).max(MAX_CANDIDATES), 1)
    .describe("Number of candidates to generate."),
  maxOutputTokens: field.count("Maximum number of tokens to generate, including reasoning."),
  stopSequences: field.stopList,
  seed: field.optional(z.int(), "The same seed gives the same tokens."),
  presencePenalty: field.defaulted(field.sampler.presencePenalty, 0),
  frequencyPenalty: field.defaulted(field.sampler.frequencyPenalty, 0),
  responseMimeType: field
    .defaulted(z.enum(["text/plain", "application/json", "text/x.enum"]), "text/plain")
    .describe("Constrains the answer to JSON or to an enum."),
  responseSchema: field.optional(openapiSchema, "OpenAPI schema of the answer."),
  responseJsonSchema: field.optional(jsonSchema, "JSON schema of the answer."),
  responseLogprobs: field.logprobFields.logprobs,
  logprobs: field.logprobFields.top_logprobs,
  thinkingConfig,
  responseModalities: field.withoutEffect(
    z.array(z.enum(["TEXT", "MODALITY_UNSPECIFIED"], "must be TEXT, the only modality here")),
    "Ignored: answers are text.",
  ),
  mediaResolution: field.ignored("Ignored: media are not supported."),
  audioTimestamp: field.ignored("Ignored: audio is not supported."),
  enableEnhancedCivicAnswers: field.ignored("Ignored: for Google's own models."),
  routingConfig: field.ignored("Ignored: the path names the model."),
  modelSelectionConfig: field.ignored("Ignored: the path names the model."),
  enableAffectiveDialog: unsupported,
  speechConfig: unsupported,
  imageConfig: unsupported,
  audioTranscriptionConfig: unsupported,
  translationConfig: unsupported,
  responseFormat,
});

export const generationConfig = config
  .nullish()
  .transform((given) => given ?? config.parse({}))
  .describe("Options for generation.");

export type GenerationConfig = z.output<typeof config>;

type ConfigPart = Pick<AskedRequest, "sampling" | "stop" | "maxTokens" | "grammar" | "logprobs">;

/** @throws ServiceError 400 for fields that contradict each other */
export function readConfig(given: GenerationConfig, context: ParseContext): ConfigPart {
  return {
    sampling: samplingOf(given, context),
    stop: given.stopSequences ?? [],
    maxTokens: given.maxOutputTokens ?? context.defaultMaxTokens,
    grammar: grammarOf(given),
    logprobs: logprobOptions(given),
  };
}

function samplingOf(given: GenerationConfig, { randomSeed }: ParseContext): SamplingParams {
  const { seed } = given;
  return {
    temperature: given.temperature,
    topP: given.topP,
    topK: given.topK,
    minP: 0,
    seed: seed === null || seed === undefined ? randomSeed() : wrapSeed(seed),
    presencePenalty: given.presencePenalty,
    frequencyPenalty: given.frequencyPenalty,
    repeatPenalty: 1,
    penaltyTokens: PENALTY_TOKENS,
    logitBias: [],
  };
}

function logprobOptions({ responseLogprobs, logprobs }: GenerationConfig): LogprobOptions | null {
  if (responseLogprobs) return { alternatives: logprobs, includesPrompt: false };
  if (logprobs > 0) throw invalid("logprobs", "requires responseLogprobs: true");
  return null;
}

/** JSON without a schema. A bare number, string or word is not allowed. */
const ANY_JSON = { type: ["object", "array"] };

function grammarOf(given: GenerationConfig): AskedRequest["grammar"] {
  const { responseMimeType: type, responseSchema: schema, responseJsonSchema: newer } = given;
  const [format] = given.responseFormat ?? [];
  if (format?.text) return formatGrammar(given, format.text);
  const isJsonSchema = newer !== null && newer !== undefined;
  if (schema && isJsonSchema)
    throw invalid("responseJsonSchema", "cannot be used together with responseSchema");
  if (type === "text/plain") {
    if (!schema && !isJsonSchema) return null;
    const name = schema ? "responseSchema" : "responseJsonSchema";
    throw invalid(name, "requires responseMimeType: application/json");
  }
  if (type === "text/x.enum") return wordGrammar(schema ?? null);
  if (isJsonSchema) return schemaAt(schemaIn(newer), `${CONFIG}.responseJsonSchema`);
  return schemaAt(schema ? jsonSchemaOf(schema) : ANY_JSON, `${CONFIG}.responseSchema`);
}

type TextFormat = NonNullable<NonNullable<GenerationConfig["responseFormat"]>[number]["text"]>;

/** The same in its newer form. @throws ServiceError 400 beside the older one */
function formatGrammar(
  { responseMimeType, responseSchema, responseJsonSchema }: GenerationConfig,
  { mimeType, schema }: TextFormat,
): AskedRequest["grammar"] {
  if (responseMimeType !== "text/plain" || responseSchema || (responseJsonSchema ?? null) !== null)
    throw invalid("responseFormat", "cannot be used together with the older fields");
  const isJson = /json$/i.test(mimeType ?? "");
  if ((schema ?? null) === null)
    return isJson ? schemaAt(ANY_JSON, `${CONFIG}.responseFormat`) : null;
  if (mimeType && !isJson)
    throw invalid("responseFormat", "has a schema, which requires mimeType: application/json");
  return schemaAt(schemaIn(schema), `${CONFIG}.responseFormat`);
}

/** Limit for all enum values together, because their grammar is written synchronously. */
const MAX_WORD_CHARS = 65_536;

/** Grammar of an answer that is one of the enum's values, without quotes. */
function wordGrammar(schema: Readonly<Record<string, unknown>> | null): string {
  const given = Array.isArray(schema?.enum) ? schema.enum : [];
  if (given.join("").length + given.length > MAX_WORD_CHARS)
    throw invalid("responseSchema", `has an enum of more than ${MAX_WORD_CHARS} characters`);
  const words = z.array(field.stopString).min(1).safeParse(given);
  if (words.success) return `root ::= ${gbnf(oneOf(words.data))}`;
  throw invalid("responseSchema", "must have an enum of strings for responseMimeType text/x.enum");
}

const NO_LEVEL = /^thinking_level_unspecified$/i;

/** A budget of 0 switches reasoning off; -1 leaves the decision to the model. */
export function readReasoning({ thinkingConfig }: GenerationConfig) {
  const { thinkingBudget, thinkingLevel } = thinkingConfig ?? {};
  const budget = thinkingBudget ?? -1;
  const path = `${CONFIG}.thinkingConfig`;
  const level = NO_LEVEL.test(thinkingLevel ?? "") ? null : thinkingLevel;
  return askedReasoning({
    efforts: [
      [`${path}.thinkingBudget`, budget === 0 ? false : null],
      [`${path}.thinkingLevel`, level],
    ],
    budgets: [[`${path}.thinkingBudget`, budget > 0 ? budget : null]],
  });
}

function invalid(name: string, reason: string): ServiceError {
  return invalidValue(`${CONFIG}.${name}`, reason);
}
