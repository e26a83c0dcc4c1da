// The fields that request schemas are made of, and the texts that describe them: imported as a whole, as `field`. The first
// half are kinds of fields, the second half fields that several APIs have, with different names and defaults.

import { z } from "zod";

/** Keyword in the published JSON schema. */
export const WITHOUT_EFFECT_MARK = "x-without-effect";
/** Internal keyword; removed before the document is published. */
export const OR_TEXT_MARK = "orText";

/** A field whose default applies if it is absent or null, as in OpenAI's API. */
export function defaulted<T extends z.ZodType>(schema: T, value: z.output<T>) {
  return schema
    .nullish()
    .transform((given) => given ?? value)
    .meta({ default: value });
}

/** A field that may be absent or null. @param value the default, applied where the field is read */
export function optional<T extends z.ZodType>(schema: T, description: string, value?: unknown) {
  return schema.nullish().meta({ description, ...(value === undefined ? {} : { default: value }) });
}

export function text(description: string) {
  return optional(z.string(), description);
}

export function flag(description: string, value?: boolean) {
  return optional(z.boolean(), description, value);
}

export function count(description: string, min = 1) {
  return optional(z.int().min(min), description);
}

/** A switch that is off by default. */
export function off(description: string) {
  return defaulted(z.boolean(), false).describe(description);
}

/** A switch that is on by default. */
export function on(description: string) {
  return defaulted(z.boolean(), true).describe(description);
}

/** A field that is validated but does not change the answer. */
export function withoutEffect<T extends z.ZodType>(schema: T, description: string) {
  return schema.nullish().meta({ description, [WITHOUT_EFFECT_MARK]: true });
}

/** A field whose value is neither validated nor used. */
export function ignored(description: string) {
  return z
    .unknown()
    .optional()
    .meta({ description, [WITHOUT_EFFECT_MARK]: true });
}

/** A field that may only have the value that changes nothing. @param reason the error for other values */
export function mustBe<const T extends string | false>(values: readonly T[], reason: string) {
  const description = `${reason[0]?.toUpperCase()}${reason.slice(1)}.`;
  return withoutEffect(z.literal(values, reason), description);
}

/** A field that may only be null. @param reason the error for other values */
export function refused(reason: string) {
  return z.null(reason).optional().describe("Must be null.");
}

/** A field that has been refused before the schema is applied, unless it is null. */
export const alreadyRefused = z
  .unknown()
  .meta({ type: "null", description: "Must be null." })
  .optional();

/** Marks a list that a client may also write as a string; the string becomes a list before the schema is applied. */
export function orText<T extends z.ZodType>(schema: T): T {
  return schema.meta({ [OR_TEXT_MARK]: true });
}

/** The field that distinguishes the forms of an object. */
export function kind<const T extends string>(names: T | readonly T[], error?: string) {
  const values = typeof names === "string" ? [names] : names;
  return z.literal(values, error).describe("The form of this object.");
}

/** One of the forms of an object, which differ in `type`. */
export function form<const T extends string, F extends z.core.$ZodLooseShape>(type: T, fields: F) {
  return z.looseObject({ type: kind(type), ...fields });
}

/** The author of a message. */
export function role<const T extends string>(...names: T[]) {
  return z.literal(names).describe("The author of the message.");
}

/**
 * JSON schema of a text, its token ids, or a list of either.
 * @param text keywords for a text. @param id keywords for a token id
 */
export function textsOrIds(maxItems: number, text: object, id: object): readonly object[] {
  const one = { type: "string", ...text };
  const ids = { type: "array", items: { type: "integer", minimum: 0, ...id }, minItems: 1 };
  const listOf = (items: object) => ({ type: "array", items, minItems: 1, maxItems });
  return [one, ids, listOf(one), listOf(ids)];
}

/** Limits on stop strings. Their automaton in the worker has a node for each character. */
const MAX_STOPS = 1_000;
const MAX_STOP_CHARS = 32_768;
/** Alternatives per token in `top_logprobs`. */
export const MAX_ALTERNATIVES = 20;
export const MAX_TOP_K = 1_000_000;

export const MESSAGES =
  "The conversation so far. If the last message is the assistant's, it is continued.";
export const EARLIER_REASONING = "The assistant's reasoning before this message.";
export const RESULT_OF = "For role tool: id of the call that this is the result of.";
export const TOOL_CALLS = "The tool calls that the assistant made.";
export const SYSTEM_PROMPT = "System prompt, placed before the conversation.";
export const STREAM = "Whether to stream the answer as events.";
export const STREAM_OPTIONS = "Options for streams.";
export const NO_PADDING = "Ignored: this server does not pad its chunks.";
export const ALWAYS_CACHED = "Ignored: every prompt is cached.";
const STOPS = "Strings at which generation stops. The answer does not include them.";

export const modelId = text("Id of a served model. Default: the served model.");
/** What a pull downloads. Addresses with a signature have up to some 1,500 characters. */
export const pulledModel = z
  .string("must be the name of a model")
  .max(2048, "must have at most 2048 characters");
export const anyText = z.string().describe("The text.");
export const toolCallId = z.string().min(1).describe("Id of the call; its result refers to it.");
export const functionName = z.string().min(1).describe("Name of the function.");
export const argumentsText = z
  .string("must be a string that holds JSON")
  .describe("The arguments: a JSON object as a string. The model sees another string as it is.");

export const tokenLimit = z.int().min(1).describe("Maximum number of tokens to generate.");
export const suffix = text("Text after the answer, for models that can fill in the middle.");

const stopText = z
  .string()
  .max(1024, "must have at most 1024 characters")
  .refine((text) => text.isWellFormed(), "must be valid Unicode");

export const stopString = stopText.min(1, "must have at least 1 character");

/** Clients send an empty string for a field that their user left blank: it is no stop string. */
const stopStrings = z
  .array(stopText)
  .max(MAX_STOPS, `must have at most ${MAX_STOPS} strings`)
  .refine(
    (stops) => stops.reduce((sum, { length }) => sum + length, 0) <= MAX_STOP_CHARS,
    `must have at most ${MAX_STOP_CHARS} characters in all`,
  )
  .overwrite((stops) => stops.filter((stop) => stop !== ""));

export const stopList = optional(stopStrings, STOPS);

export const stopOrStops = optional(
  z.union([stopText.transform((stop) => (stop === "" ? [] : [stop])), stopStrings], {
    error: `must be a string, or up to ${MAX_STOPS} strings, each valid Unicode of at most 1024 characters, and ${MAX_STOP_CHARS} in all`,
  }),
  STOPS,
);

export const alternatives = z
  .int()
  .min(0)
  .max(MAX_ALTERNATIVES)
  .describe("Number of alternatives to return for each token.");

export const logprobFields = {
  logprobs: off("Whether to return log probabilities."),
  top_logprobs: defaulted(alternatives, 0),
};

export const sampler = {
  temperature: (max: number) =>
    within(0, max, "Randomness of sampling; 0 always takes the likeliest token."),
  topP: within(0, 1, "Samples from the likeliest tokens whose probabilities add up to this."),
  topK: z
    .int()
    .min(0)
    .max(MAX_TOP_K)
    .describe("Samples from this many of the likeliest tokens; 0 switches it off."),
  minP: within(0, 1, "Drops tokens below this share of the likeliest token's probability."),
  presencePenalty: within(-2, 2, "Penalty on tokens that are already in the answer."),
  frequencyPenalty: within(-2, 2, "Penalty on tokens, per occurrence in the answer."),
  repeatPenalty: z
    .number()
    .positive()
    .max(10)
    .describe("Divides the logits of tokens that are already in the answer; 1 switches it off."),
};

function within(min: number, max: number, description: string) {
  return z.number().min(min).max(max).describe(description);
}
