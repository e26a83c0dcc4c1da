// Request fields that the OpenAI dialects share: sampling, limits, and the list of unsupported fields.
// Names and defaults: https://platform.openai.com/docs/api-reference ; top_k, min_p, repeat_penalty, ignore_eos and
// cache_prompt come from llama.cpp's server; min_tokens from vLLM.

import { z } from "zod";
import { type AskedPrompt, type AskedRequest, SEEDS } from "../../generation/request.ts";
import type { ParseContext, ParsedRequest } from "../dialect.ts";
import { withoutEffect } from "./contract.ts";
import type { Unsupported } from "./parse-body.ts";
import { invalidValue } from "./refusals.ts";
import { type AnswerForm, grammarFields, grammarOf } from "./schema-grammar.ts";

export const MAX_STOPS = 16;
const MAX_BIASED_TOKENS = 1024;
const MAX_FLUSH_MS = 1000;
/** Choices per prompt. */
const MAX_CHOICES = 16;
/** Alternatives per token in `top_logprobs`. */
export const MAX_ALTERNATIVES = 20;

/** A field whose default applies if it is absent or null, as in OpenAI's API. */
export function defaulted<T extends z.ZodType>(schema: T, value: z.output<T>) {
  return schema
    .nullish()
    .transform((given) => given ?? value)
    .meta({ default: value });
}

export const stopString = z
  .string()
  .min(1, "must have at least 1 character")
  .max(1024, "must have at most 1024 characters")
  .refine((text) => text.isWellFormed(), "must be valid Unicode");

const TOKEN_ID = /^\d{1,9}$/;

const FLUSH_VALUES = `must be token, word, sentence, or milliseconds from 0 to ${MAX_FLUSH_MS}`;
const flushMs = z.number().min(0, FLUSH_VALUES).max(MAX_FLUSH_MS, FLUSH_VALUES);

/** Fields with the same meaning in all OpenAI dialects. */
export const sharedFields = {
  model: z.string().nullish(),
  stream: defaulted(z.boolean(), false),
  stream_options: z
    .looseObject({
      include_usage: defaulted(z.boolean(), false),
      include_obfuscation: withoutEffect(z.boolean().nullish()), // OpenAI pads its chunks; this server does not
      continuous_usage_stats: withoutEffect(
        z.literal(false, "must be false: usage is sent once, at the end").nullish(),
      ),
      flush: z
        .union([z.enum(["token", "word", "sentence"]), flushMs], FLUSH_VALUES)
        .nullish()
        .meta({ default: "token" }),
    })
    .nullish(),
  temperature: defaulted(z.number().min(0).max(2), 1),
  top_p: defaulted(z.number().min(0).max(1), 1),
  top_k: defaulted(z.int().min(-1).max(1_000_000), 0),
  min_p: defaulted(z.number().min(0).max(1), 0),
  presence_penalty: defaulted(z.number().min(-2).max(2), 0),
  frequency_penalty: defaulted(z.number().min(-2).max(2), 0),
  repeat_penalty: defaulted(z.number().positive().max(10), 1),
  seed: z
    .number()
    .refine(Number.isInteger, "must be an integer; -1 picks a random seed")
    .meta({ type: "integer" })
    .nullish(),
  stop: z
    .union([stopString.transform((stop) => [stop]), z.array(stopString).max(MAX_STOPS)], {
      error: `must be a string, or up to ${MAX_STOPS} strings, each valid Unicode of 1 to 1024 characters`,
    })
    .nullish(),
  max_tokens: z
    .int()
    .min(-1)
    .refine((n) => n !== 0, "must be at least 1; -1 means no limit")
    .meta({ not: { const: 0 } })
    .nullish(),
  min_tokens: defaulted(z.int().min(0), 0),
  ignore_eos: defaulted(z.boolean(), false),
  cache_prompt: defaulted(z.boolean(), true),
  n: defaulted(z.int().min(1).max(MAX_CHOICES), 1),
  return_progress: defaulted(z.boolean(), false),
  service_tier: z.enum(["auto", "default", "flex"], "must be auto, default or flex").nullish(),
  logit_bias: defaulted(
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
      .meta({ propertyNames: { pattern: TOKEN_ID.source }, maxProperties: MAX_BIASED_TOKENS }),
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
  const shared = sharedRequest(fields, { maxTokens, format }, context);
  const { seed } = shared.sampling;
  const requests = prompts.flatMap((prompt, promptIndex) =>
    Array.from({ length: fields.n }, (_, index) => ({
      ...shared,
      ...dialectPart,
      prompt,
      sampling: { ...shared.sampling, seed: wrapSeed(seed + promptIndex * fields.n + index) },
    })),
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

type StreamFields = Pick<SharedFields, "stream"> & {
  readonly stream_options?: object | null | undefined;
};

/** @throws ServiceError 400 for options of a stream beside `stream: false`, as OpenAI does */
export function refuseStreamOptions(fields: StreamFields): void {
  if (fields.stream || !fields.stream_options) return;
  throw invalidValue("stream_options", "can only be used with stream: true");
}

function sharedRequest(
  fields: SharedFields,
  { maxTokens, format }: Pick<DialectPart, "maxTokens" | "format">,
  context: ParseContext,
): Omit<AskedRequest, "prompt" | "logprobs" | "echoesPrompt"> {
  return {
    sampling: {
      temperature: fields.temperature,
      topP: fields.top_p,
      topK: Math.max(0, fields.top_k),
      minP: fields.min_p,
      seed: readSeed(fields.seed, context),
      presencePenalty: fields.presence_penalty,
      frequencyPenalty: fields.frequency_penalty,
      repeatPenalty: fields.repeat_penalty,
      logitBias: Object.entries(fields.logit_bias).map(([id, bias]) => [Number(id), bias] as const),
    },
    stop: fields.stop ?? [],
    maxTokens: maxTokens === -1 ? null : (maxTokens ?? context.defaultMaxTokens),
    minTokens: fields.min_tokens,
    ignoreEos: fields.ignore_eos,
    grammar: grammarOf(fields, format, context),
    reportsProgress: fields.return_progress && fields.stream,
    reusePrefix: fields.cache_prompt,
  };
}

type Limit = number | null | undefined;

/** A token limit that a client may set under either of two names. @throws ServiceError 400 if the two differ */
export function tokenLimit<A extends string, B extends string>(
  fields: { readonly [F in A | B]?: Limit },
  [name, other]: readonly [A, B],
): number | null {
  const [value, otherValue]: readonly [Limit, Limit] = [fields[name], fields[other]];
  if (typeof value === "number" && typeof otherValue === "number" && value !== otherValue)
    throw invalidValue(name, `is ${value} and ${other} is ${otherValue}; send only one of them`);
  return value ?? otherValue ?? null;
}

type LogprobFields = { readonly logprobs: boolean; readonly top_logprobs: number };

export function logprobOptions({ logprobs, top_logprobs: top }: LogprobFields) {
  if (logprobs) return { alternatives: top, includesPrompt: false };
  if (top > 0) throw invalidValue("top_logprobs", "requires logprobs: true");
  return null;
}

/** -1 is a random seed, as in llama.cpp's server and Ollama. */
export function readSeed(seed: number | null | undefined, context: ParseContext): number {
  return seed === null || seed === undefined || seed === -1 ? context.randomSeed() : wrapSeed(seed);
}

/** Maps any integer to the seeds that the engine accepts. */
export function wrapSeed(seed: number): number {
  return ((seed % SEEDS) + SEEDS) % SEEDS;
}

/** Fields of OpenAI, llama.cpp and vLLM that no OpenAI dialect supports here. */
const UNSUPPORTED_EVERYWHERE: Unsupported = {
  typical_p: [1],
  top_n_sigma: [-1],
  xtc_probability: [0],
  dry_multiplier: [0],
  dynatemp_range: [0],
  mirostat: [0],
  samplers: [],
  repeat_last_n: [],
  n_predict: [],
  n_probs: [0],
  n_keep: [0],
  n_discard: [],
  id_slot: [-1],
  lora: [],
  t_max_predict_ms: [0],
  response_fields: [],
  return_tokens: [false],
  post_sampling_probs: [false],
  repetition_penalty: [1],
  stop_token_ids: [],
  include_stop_str_in_output: [false],
  bad_words: [],
  length_penalty: [1],
  use_beam_search: [false],
  guided_json: [],
  guided_regex: [""],
  guided_choice: [],
  guided_grammar: [""],
  structured_outputs: [],
  truncate_prompt_tokens: [],
  allowed_token_ids: [],
  prompt_logprobs: [0],
};

/** Fields that neither chat completions nor responses support. */
export const UNSUPPORTED_IN_CHAT: Unsupported = {
  functions: [],
  function_call: ["none", "auto"],
  modalities: [["text"]],
  audio: [],
  prediction: [],
  verbosity: ["medium"],
  web_search_options: [],
  moderation: [],
  chat_template: [],
  thinking: [],
  enable_thinking: [],
  think: [],
  format: [],
  echo: [false],
  suffix: [""],
  best_of: [1],
};

/** The common unsupported fields plus those of one dialect. */
export function unsupportedWith(unsupportedHere: Unsupported): Unsupported {
  return { ...UNSUPPORTED_EVERYWHERE, ...unsupportedHere };
}
