// Request fields that the OpenAI dialects share: sampling and limits.
// Names and defaults: https://platform.openai.com/docs/api-reference ; top_k, min_p, repeat_penalty, ignore_eos and
// cache_prompt come from llama.cpp's server; min_tokens from vLLM.

import { z } from "zod";
import {
  type AskedPrompt,
  type AskedRequest,
  type LogprobOptions,
  type SamplingParams,
  SEEDS,
} from "../../generation/request.ts";
import type { ParseContext, ParsedRequest } from "../dialect.ts";
import * as field from "./field-types.ts";
import { invalidValue } from "./refusals.ts";
import { type AnswerForm, grammarFields, grammarOf } from "./schema-grammar.ts";

const MAX_BIASED_TOKENS = 1024;
const MAX_FLUSH_MS = 1000;
/** Choices per prompt. */
const MAX_CHOICES = 16;
const TOKEN_ID = /^\d{1,9}$/;

/** Penalties apply to this many of the answer's last tokens unless the client says otherwise. */
export const PENALTY_TOKENS = 256;

const FLUSH_VALUES = `must be token, word, sentence, or milliseconds from 0 to ${MAX_FLUSH_MS}`;
const flushMs = z.number().min(0, FLUSH_VALUES).max(MAX_FLUSH_MS, FLUSH_VALUES);

const samplingFields = {
  temperature: field.defaulted(field.sampler.temperature(2), 1),
  top_p: field.defaulted(field.sampler.topP, 1),
  top_k: field
    .defaulted(z.int().min(-1).max(field.MAX_TOP_K), 0)
    .describe("Samples from this many of the likeliest tokens; 0 and -1 switch it off."),
  min_p: field.defaulted(field.sampler.minP, 0),
  presence_penalty: field.defaulted(field.sampler.presencePenalty, 0),
  frequency_penalty: field.defaulted(field.sampler.frequencyPenalty, 0),
  repeat_penalty: field.defaulted(field.sampler.repeatPenalty, 1),
  repeat_last_n: field
    .defaulted(z.int().min(-1), PENALTY_TOKENS)
    .describe(
      "The penalties apply to this many of the answer's last tokens; -1 means all of them.",
    ),
  seed: field.optional(
    z
      .number()
      .refine(Number.isInteger, "must be an integer; -1 picks a random seed")
      .meta({ type: "integer" }),
    "The same seed gives the same tokens; -1 or no value picks a random seed.",
  ),
};

/** Fields with the same meaning in all OpenAI dialects. */
export const sharedFields = {
  model: field.modelId,
  stream: field.off(field.STREAM),
  stream_options: field.optional(
    z.looseObject({
      include_usage: field.off("Whether to send the usage in a last chunk."),
      continuous_usage_stats: field.off(
        "Whether every chunk has the usage so far; requires include_usage.",
      ),
      include_obfuscation: field.withoutEffect(z.boolean(), field.NO_PADDING),
      flush: z
        .union([z.enum(["token", "word", "sentence"]), flushMs], FLUSH_VALUES)
        .nullish()
        .meta({ default: "token" })
        .describe("When to send text: per token, word, sentence, or interval in ms."),
    }),
    field.STREAM_OPTIONS,
  ),
  ...samplingFields,
  stop: field.stopOrStops,
  max_tokens: field.optional(
    z
      .int()
      .min(-1)
      .refine((n) => n !== 0, "must be at least 1; -1 means no limit")
      .meta({ not: { const: 0 } }),
    "Maximum number of tokens to generate; -1 means no limit.",
  ),
  min_tokens: field
    .defaulted(z.int().min(0), 0)
    .describe("The model cannot end its answer before this many tokens."),
  ignore_eos: field.off("Whether to prevent the model from ending its answer."),
  cache_prompt: field.on("Whether to use the prefix cache, and to leave this prompt in it."),
  n: field.defaulted(z.int().min(1).max(MAX_CHOICES), 1).describe("Number of choices to generate."),
  return_progress: field.off("Whether a stream reports how much of the prompt has been read."),
  service_tier: field.text(
    "flex gives the request low priority: it runs when no other request waits. Other tiers are the same.",
  ),
  logit_bias: field.defaulted(
    z
      .record(z.string(), z.number().min(-100).max(100))
      .superRefine((biases, context) => {
        const wrong = Object.keys(biases).find((id) => !TOKEN_ID.test(id));
        if (wrong === undefined) return;
        const message = 'keys must be token ids, e.g. "1234"';
        context.addIssue({ code: "custom", path: [wrong], message });
      })
      .refine(
        (biases) => Object.keys(biases).length <= MAX_BIASED_TOKENS,
        `must have at most ${MAX_BIASED_TOKENS} tokens`,
      )
      .meta({ propertyNames: { pattern: TOKEN_ID.source }, maxProperties: MAX_BIASED_TOKENS })
      .describe("Maps token ids to a bias from -100 to 100 that is added to their logits."),
    {},
  ),
  ...grammarFields,
};

type SharedFields = Omit<
  z.output<z.ZodObject<typeof sharedFields>>,
  "max_tokens" | "response_format"
>;

/** The parts of a request that each dialect reads by itself. */
type DialectPart = Pick<AskedRequest, "logprobs" | "echoesPrompt"> & {
  readonly maxTokens: number | null;
  readonly prompts: readonly AskedPrompt[];
  /** The form of the answer that the API's own field asks for; null for none. */
  readonly format: AnswerForm | null;
};

/** Fields of a request in the APIs that have no such options. */
export const PLAIN_REQUEST = {
  minTokens: 0,
  ignoreEos: false,
  echoesPrompt: false,
  reportsProgress: false,
  reusePrefix: true,
} as const;

type LogprobFields = { readonly logprobs: boolean; readonly top_logprobs: number };

/** @throws ServiceError 400 for alternatives without log probabilities */
export function logprobOptions({ logprobs, top_logprobs }: LogprobFields): LogprobOptions | null {
  if (logprobs) return { alternatives: top_logprobs, includesPrompt: false };
  if (top_logprobs === 0) return null;
  throw invalidValue("top_logprobs", "requires logprobs: true");
}

/** The value of a field that has two names. @throws ServiceError 400 if both are given, with different values */
export function eitherOf<N extends string>(
  fields: { readonly [K in N]?: number | null | undefined },
  name: N,
  other: N,
): number | null {
  const [one, two] = [fields[name] ?? null, fields[other] ?? null];
  if (one !== null && two !== null && one !== two)
    throw invalidValue(name, `is ${one} and ${other} is ${two}; send only one of them`);
  return one ?? two;
}

/** Makes one request per choice. Choices of the same prompt differ only in their seeds. */
export function requestsOf(
  fields: SharedFields,
  { prompts, maxTokens, format, ...dialectPart }: DialectPart,
  context: ParseContext,
): Pick<
  ParsedRequest,
  "requests" | "choicesPerPrompt" | "model" | "isStreamed" | "flush" | "isFlex"
> {
  refuseStreamOptions(fields);
  const sampling = readSampling(fields, context);
  const logitBias = Object.entries(fields.logit_bias).map(
    ([id, bias]) => [Number(id), bias] as const,
  );
  const shared = {
    ...dialectPart,
    stop: fields.stop ?? [],
    maxTokens: maxTokens === -1 ? null : (maxTokens ?? context.defaultMaxTokens),
    minTokens: fields.min_tokens,
    ignoreEos: fields.ignore_eos,
    grammar: grammarOf(fields, format, context),
    reportsProgress: fields.return_progress && fields.stream,
    reusePrefix: fields.cache_prompt,
  };
  const requests = prompts.flatMap((prompt, promptIndex) =>
    Array.from({ length: fields.n }, (_, index) => {
      const seed = wrapSeed(sampling.seed + promptIndex * fields.n + index);
      return { ...shared, prompt, sampling: { ...sampling, logitBias, seed } };
    }),
  );
  return {
    requests,
    choicesPerPrompt: fields.n,
    model: fields.model ?? null,
    isStreamed: fields.stream,
    flush: fields.stream_options?.flush ?? "token",
    isFlex: fields.service_tier === "flex",
  };
}

/** @throws ServiceError 400 for options of a stream beside `stream: false`, as OpenAI does */
export function refuseStreamOptions(fields: {
  readonly stream: boolean;
  readonly stream_options?: object | null | undefined;
}): void {
  if (fields.stream || !fields.stream_options) return;
  throw invalidValue("stream_options", "can only be used with stream: true");
}

type SamplingFields = z.output<z.ZodObject<typeof samplingFields>>;

/** The sampling options that have the same names in OpenAI's dialects and Ollama's. */
export function readSampling(fields: SamplingFields, { randomSeed }: ParseContext): SamplingParams {
  const seed = fields.seed ?? -1; // -1 is a random seed, as in llama.cpp's server and Ollama
  return {
    temperature: fields.temperature,
    topP: fields.top_p,
    topK: Math.max(0, fields.top_k),
    minP: fields.min_p,
    seed: seed === -1 ? randomSeed() : wrapSeed(seed),
    presencePenalty: fields.presence_penalty,
    frequencyPenalty: fields.frequency_penalty,
    repeatPenalty: fields.repeat_penalty,
    penaltyTokens: fields.repeat_last_n === -1 ? Number.MAX_SAFE_INTEGER : fields.repeat_last_n,
    logitBias: [],
  };
}

/** Maps any integer to the seeds that the engine accepts. */
export function wrapSeed(seed: number): number {
  return ((seed % SEEDS) + SEEDS) % SEEDS;
}
