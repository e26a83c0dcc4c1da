// The request side that the OpenAI dialects share: sampling fields, and what becomes of every other field.
// Fields and defaults: https://platform.openai.com/docs/api-reference ; top_k, min_p, repeat_penalty, ignore_eos and
// cache_prompt as llama.cpp's server names them; min_tokens as vLLM does.

import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { ServiceError } from "../errors.ts";
import { type GenerateRequest, SEEDS } from "../generation/request.ts";
import type { ParseContext } from "./dialect.ts";
import { grammarFields, grammarOf } from "./openai-grammar.ts";

const MAX_STOPS = 16;
const MAX_BIASED_TOKENS = 1024;

/** Optional as OpenAI means it: absent and null are the default. */
function defaulted<T extends z.ZodType>(schema: T, value: z.output<T>) {
  return schema.nullish().transform((given) => given ?? value);
}

const stopString = z
  .string()
  .min(1, "a stop string has at least one character")
  .max(1024, "a stop string has at most 1024 characters")
  .refine((text) => text.isWellFormed(), "a stop string must be valid Unicode");

const TOKEN_ID = /^\d{1,9}$/;

/** Fields with the same meaning in all OpenAI dialects. */
export const sharedFields = {
  model: z.string().nullish(),
  stream: defaulted(z.boolean(), false),
  stream_options: z
    .looseObject({
      include_usage: defaulted(z.boolean(), false),
      include_obfuscation: z.boolean().nullish(), // padding of OpenAI's own wire: nothing to pad here
      continuous_usage_stats: z.literal(false, "usage comes once, at the end").nullish(),
    })
    .nullish(),
  temperature: defaulted(z.number().min(0).max(2), 1),
  top_p: defaulted(z.number().min(0).max(1), 1),
  top_k: defaulted(z.int().min(-1).max(1_000_000), 0),
  min_p: defaulted(z.number().min(0).max(1), 0),
  presence_penalty: defaulted(z.number().min(-2).max(2), 0),
  frequency_penalty: defaulted(z.number().min(-2).max(2), 0),
  repeat_penalty: defaulted(z.number().positive().max(10), 1),
  seed: z.number().refine(Number.isInteger, "an integer; -1 is random").nullish(),
  stop: z
    .union([stopString.transform((stop) => [stop]), z.array(stopString).max(MAX_STOPS)], {
      error: `a string, or up to ${MAX_STOPS} strings, each of valid Unicode and 1 to 1024 characters`,
    })
    .nullish(),
  max_tokens: z
    .int()
    .min(-1)
    .refine((n) => n !== 0, "at least 1; -1 is no limit")
    .nullish(),
  min_tokens: defaulted(z.int().min(0), 0),
  ignore_eos: defaulted(z.boolean(), false),
  cache_prompt: defaulted(z.boolean(), true),
  logit_bias: defaulted(
    z
      .record(z.string(), z.number().min(-100).max(100))
      .superRefine((biases, context) => {
        const wrong = Object.keys(biases).find((id) => !TOKEN_ID.test(id));
        if (wrong === undefined) return;
        const message = 'keys are token ids, e.g. "1234"';
        context.addIssue({ code: "custom", path: [wrong], message });
      })
      .refine(
        (biases) => Object.keys(biases).length <= MAX_BIASED_TOKENS,
        `at most ${MAX_BIASED_TOKENS} tokens`,
      ),
    {},
  ),
  ...grammarFields,
};

type SharedFields = z.output<z.ZodObject<typeof sharedFields>>;

/** Everything of a GenerateRequest but its prompt. */
export function sharedRequest(
  fields: SharedFields,
  maxTokens: number | null,
  context: ParseContext,
): Omit<GenerateRequest, "prompt"> {
  return {
    sampling: {
      temperature: fields.temperature,
      topP: fields.top_p,
      topK: Math.max(0, fields.top_k),
      minP: fields.min_p,
      seed: toSeed(fields.seed ?? null, context),
      presencePenalty: fields.presence_penalty,
      frequencyPenalty: fields.frequency_penalty,
      repeatPenalty: fields.repeat_penalty,
      logitBias: Object.entries(fields.logit_bias).map(([id, bias]) => [Number(id), bias] as const),
    },
    stop: fields.stop ?? [],
    maxTokens: maxTokens === -1 ? null : (maxTokens ?? context.defaultMaxTokens),
    minTokens: fields.min_tokens,
    ignoreEos: fields.ignore_eos,
    grammar: grammarOf(fields, context),
    reusePrefix: fields.cache_prompt,
  };
}

function toSeed(seed: number | null, context: ParseContext): number {
  if (seed === null || seed === -1) return context.randomSeed();
  return ((seed % SEEDS) + SEEDS) % SEEDS;
}

/** Values with which an unsupported field changes nothing. Null and empty lists or objects never do. */
type Unsupported = Readonly<Record<string, readonly unknown[]>>;

/** Accepted although they do nothing here, because they change no answer. */
const WITHOUT_EFFECT = [
  "user",
  "metadata",
  "store",
  "safety_identifier",
  "prompt_cache_key",
  "prompt_cache_retention",
];

/** Unsupported in every OpenAI dialect: sampling and answer forms of OpenAI, llama.cpp and vLLM that are not ours yet. */
const UNSUPPORTED_EVERYWHERE: Unsupported = {
  n: [1],
  logprobs: [false],
  service_tier: ["auto", "default"],
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
  return_progress: [false],
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

/** With those of one dialect. */
export function unsupportedWith(unsupportedHere: Unsupported): Unsupported {
  return { ...UNSUPPORTED_EVERYWHERE, ...unsupportedHere };
}

/**
 * Checks a body against its schema, and every other field of it: refused if it would change the answer.
 * @returns the parsed fields, and the names of fields that nobody knows
 * @throws ServiceError 400 naming the field
 */
export function parseBody<T extends z.ZodType>(
  schema: T,
  body: unknown,
  unsupported: Unsupported,
): { readonly fields: z.output<T>; readonly ignoredParams: readonly string[] } {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new ServiceError("invalid_json", "the body must be a JSON object");
  }
  for (const [name, value] of Object.entries(body)) refuseUnsupported(name, value, unsupported);
  const result = schema.safeParse(body);
  if (!result.success) throw toServiceError(result.error, body);
  return { fields: result.data, ignoredParams: unknownFields(body, schema, unsupported) };
}

function refuseUnsupported(name: string, value: unknown, unsupported: Unsupported): void {
  if (!Object.hasOwn(unsupported, name)) return;
  const harmless = unsupported[name] ?? [];
  if (isEmpty(value) || harmless.some((allowed) => isDeepStrictEqual(allowed, value))) return;
  const allowed =
    harmless.length > 0 ? `; it may be left out or ${harmless.map(show).join(" or ")}` : "";
  throw new ServiceError(
    "unsupported_parameter",
    `${name} is not supported by this server${allowed}`,
    {
      param: name,
    },
  );
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function show(value: unknown): string {
  return JSON.stringify(value);
}

function unknownFields(body: object, schema: z.ZodType, unsupported: Unsupported): string[] {
  const names = new Set<string>();
  collectUnknown(body, schema, "", names);
  return [...names].filter(
    (name) => !Object.hasOwn(unsupported, name) && !WITHOUT_EFFECT.includes(name),
  );
}

/** Walks objects and lists beside their schema; what the schema takes as it is has no unknown fields. */
function collectUnknown(value: unknown, schema: unknown, path: string, names: Set<string>): void {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    for (const item of value) collectUnknown(item, inner.element, `${path}[]`, names);
  }
  if (inner instanceof z.ZodUnion && typeof value === "object") {
    const options = inner.options as readonly z.ZodType[];
    collectUnknown(
      value,
      options.find((option) => option.safeParse(value).success),
      path,
      names,
    );
  }
  if (!(inner instanceof z.ZodObject) || typeof value !== "object" || value === null) return;
  const known: Record<string, unknown> = inner.shape;
  for (const [name, field] of Object.entries(value)) {
    const fieldPath = path === "" ? name : `${path}.${name}`;
    if (Object.hasOwn(known, name)) collectUnknown(field, known[name], fieldPath, names);
    else names.add(fieldPath);
  }
}

/** Without the wrappers of optional and defaulted fields. */
function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable)
    return unwrapped(schema.unwrap());
  if (schema instanceof z.ZodPipe) return unwrapped(schema.in);
  return schema;
}

/** The first problem, with its path as the client would write it. The client's values stay out of it: they may be private. */
function toServiceError(error: z.ZodError, body: object): ServiceError {
  const issue = error.issues[0];
  if (!issue) return new ServiceError("invalid_value", "the body is not valid");
  const param = showPath(issue.path);
  const isMissing = issue.path.length === 1 && !Object.hasOwn(body, issue.path[0] ?? "");
  if (isMissing) {
    return new ServiceError("missing_parameter", `${param} is required`, { param });
  }
  return new ServiceError("invalid_value", `${param}: ${issue.message}`, { param });
}

function showPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      return index === 0 ? String(key) : `.${String(key)}`;
    })
    .join("");
}
