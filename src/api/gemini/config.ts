// How an answer is generated: Gemini's generationConfig. https://ai.google.dev/api/generate-content#v1beta.GenerationConfig

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import {
  type AskedRequest,
  type LogprobOptions,
  type ReasoningOptions,
  type SamplingParams,
  SEEDS,
} from "../../generation/request.ts";
import { literal, oneOf } from "../../grammar/rules.ts";
import type { ParseContext } from "../dialect.ts";
import { withoutEffect } from "../shared/contract.ts";
import { defaulted, MAX_ALTERNATIVES, MAX_STOPS, stopString } from "../shared/fields.ts";
import { jsonSchema, schemaAt } from "../shared/schema-grammar.ts";
import { jsonSchemaOf, openapiSchema } from "./schema.ts";

/** As Gemini's. */
const MAX_CANDIDATES = 8;
const AT = "generationConfig";

const refused = z.null("is not supported by this server").optional();
const nothing = withoutEffect(z.unknown().optional());

const thinkingConfig = z
  .looseObject({
    includeThoughts: defaulted(z.boolean(), false),
    thinkingBudget: z.int().min(-1).nullish().meta({ default: -1 }),
    thinkingLevel: z
      .enum(["THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH"])
      .nullish(),
  })
  .nullish();

const config = z.looseObject({
  temperature: defaulted(z.number().min(0).max(2), 1),
  topP: defaulted(z.number().min(0).max(1), 1),
  topK: defaulted(z.int().min(0).max(1_000_000), 0),
  candidateCount: defaulted(z.int().min(1).max(MAX_CANDIDATES), 1),
  maxOutputTokens: z.int().min(1).nullish(),
  stopSequences: z.array(stopString).max(MAX_STOPS, `at most ${MAX_STOPS}`).nullish(),
  seed: z.int().nullish(),
  presencePenalty: defaulted(z.number().min(-2).max(2), 0),
  frequencyPenalty: defaulted(z.number().min(-2).max(2), 0),
  responseMimeType: defaulted(
    z.enum(["text/plain", "application/json", "text/x.enum"]),
    "text/plain",
  ),
  responseSchema: openapiSchema.nullish(),
  responseJsonSchema: jsonSchema.nullish(),
  responseLogprobs: defaulted(z.boolean(), false),
  logprobs: defaulted(z.int().min(0).max(MAX_ALTERNATIVES), 0),
  thinkingConfig,
  responseModalities: withoutEffect(
    z.array(z.enum(["TEXT", "MODALITY_UNSPECIFIED"], "TEXT: there is no other here")).nullish(),
  ),
  mediaResolution: nothing, // there is no media
  audioTimestamp: nothing,
  enableEnhancedCivicAnswers: nothing,
  routingConfig: nothing, // there is one model
  modelSelectionConfig: nothing,
  enableAffectiveDialog: refused,
  speechConfig: refused,
  imageConfig: refused,
  audioTranscriptionConfig: refused,
  translationConfig: refused,
  responseFormat: refused,
});

export const generationConfig = config.nullish();

export type GenerationConfig = z.output<typeof config>;

export function configOf(given: z.output<typeof generationConfig>): GenerationConfig {
  return given ?? config.parse({});
}

type OfConfig = Pick<AskedRequest, "sampling" | "stop" | "maxTokens" | "grammar" | "logprobs">;

/** @throws ServiceError 400 for fields that contradict each other */
export function readConfig(given: GenerationConfig, context: ParseContext): OfConfig {
  return {
    sampling: samplingOf(given, context),
    stop: given.stopSequences ?? [],
    maxTokens: given.maxOutputTokens ?? context.defaultMaxTokens,
    grammar: grammarOf(given),
    logprobs: scoresOf(given),
  };
}

function samplingOf(given: GenerationConfig, { randomSeed }: ParseContext): SamplingParams {
  const { seed } = given;
  return {
    temperature: given.temperature,
    topP: given.topP,
    topK: given.topK,
    minP: 0,
    seed: seed === null || seed === undefined ? randomSeed() : ((seed % SEEDS) + SEEDS) % SEEDS,
    presencePenalty: given.presencePenalty,
    frequencyPenalty: given.frequencyPenalty,
    repeatPenalty: 1,
    logitBias: [],
  };
}

function scoresOf({ responseLogprobs, logprobs }: GenerationConfig): LogprobOptions | null {
  if (responseLogprobs) return { alternatives: logprobs, includesPrompt: false };
  if (logprobs > 0) throw wrong("logprobs", "needs responseLogprobs: true");
  return null;
}

/** Any JSON document, but for a bare number or word. */
const ANY_JSON = { type: ["object", "array"] };

function grammarOf({
  responseMimeType: type,
  responseSchema: schema,
  responseJsonSchema: newer,
}: GenerationConfig): AskedRequest["grammar"] {
  const isOfSchema = newer !== null && newer !== undefined;
  if (schema && isOfSchema)
    throw wrong("responseJsonSchema", "cannot be used beside responseSchema");
  if (type === "text/plain") {
    if (!schema && !isOfSchema) return null;
    const name = schema ? "responseSchema" : "responseJsonSchema";
    throw wrong(name, "needs responseMimeType: application/json");
  }
  if (type === "text/x.enum") return wordGrammar(schema ?? null);
  if (isOfSchema) return schemaAt(newer, `${AT}.responseJsonSchema`);
  return schemaAt(schema ? jsonSchemaOf(schema) : ANY_JSON, `${AT}.responseSchema`);
}

/** Of all words together: their grammar is written at once. */
const MAX_WORD_CHARS = 65_536;

/** One of the words, without quotes around it. */
function wordGrammar(schema: Readonly<Record<string, unknown>> | null): string {
  const given = Array.isArray(schema?.enum) ? schema.enum : [];
  if (given.join("").length + given.length > MAX_WORD_CHARS)
    throw wrong("responseSchema", `has an enum of more than ${MAX_WORD_CHARS} characters`);
  const words = z.array(stopString).min(1).safeParse(given);
  if (words.success) return `root ::= ${oneOf(words.data.map(literal))}`;
  throw wrong("responseSchema", "needs an enum of texts where responseMimeType is text/x.enum");
}

const EFFORTS = { MINIMAL: "minimal", LOW: "low", MEDIUM: "medium", HIGH: "high" } as const;

/** A budget of 0 is none at all, and -1 leaves it to the model. */
export function readReasoning({ thinkingConfig: given }: GenerationConfig): ReasoningOptions {
  const budget = given?.thinkingBudget ?? -1;
  const level = given?.thinkingLevel ?? "THINKING_LEVEL_UNSPECIFIED";
  const effort = level === "THINKING_LEVEL_UNSPECIFIED" ? null : EFFORTS[level];
  if (budget >= 0 && effort !== null)
    throw wrong("thinkingConfig.thinkingLevel", "cannot be used beside thinkingBudget");
  return {
    effort: budget === 0 ? "none" : effort,
    budgetTokens: budget > 0 ? budget : null,
    isSeparate: true,
  };
}

function wrong(name: string, reason: string): ServiceError {
  const param = `${AT}.${name}`;
  return new ServiceError("invalid_value", `${param} ${reason}`, { param });
}
