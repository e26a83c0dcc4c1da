// Request fields that several APIs have, with different names and defaults, and descriptions of such fields.

import { z } from "zod";
import { defaulted, toggle } from "./field-types.ts";

export const MAX_STOPS = 16;
/** Alternatives per token in `top_logprobs`. */
export const MAX_ALTERNATIVES = 20;
export const MAX_TOP_K = 1_000_000;

export const MESSAGES =
  "The conversation so far. If the last message is the assistant's, it is continued.";
export const CONTENT = "The text, or a list of parts or blocks.";
export const EARLIER_REASONING = "The assistant's reasoning before this message.";
export const RESULT_OF = "For role tool: id of the call that this is the result of.";
export const TOOL_CALLS = "The tool calls that the assistant made.";
export const SYSTEM_PROMPT = "System prompt, placed before the conversation.";
export const STREAM = "Whether to stream the answer as events.";
export const STREAM_OPTIONS = "Options for streams.";
export const NO_PADDING = "Ignored: this server does not pad its chunks.";
export const ALWAYS_CACHED = "Ignored: every prompt is cached.";
export const STOPS = "Strings at which generation stops. The answer does not include them.";

export const modelId = z
  .string()
  .nullish()
  .describe("Id of a served model. Default: the served model.");

export const anyText = z.string().describe("The text.");
export const toolCallId = z.string().min(1).describe("Id of the call; its result refers to it.");
export const functionName = z.string().min(1).describe("Name of the function.");
export const argumentsText = z
  .string("must be a string that holds JSON")
  .describe("The arguments: a JSON object as a string.");

export const tokenLimit = z.int().min(1).describe("Maximum number of tokens to generate.");

export const suffix = z
  .string()
  .nullish()
  .describe("Text after the answer, for models that can fill in the middle.");

export const stopString = z
  .string()
  .min(1, "must have at least 1 character")
  .max(1024, "must have at most 1024 characters")
  .refine((text) => text.isWellFormed(), "must be valid Unicode");

export const stopList = z
  .array(stopString)
  .max(MAX_STOPS, `must have at most ${MAX_STOPS} strings`)
  .nullish()
  .describe(STOPS);

export const alternatives = z
  .int()
  .min(0)
  .max(MAX_ALTERNATIVES)
  .describe("Number of alternatives to return for each token.");

export const logprobFields = {
  logprobs: toggle(false, "Whether to return log probabilities."),
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
