// Schemas that all OpenAI answers share: usage, timings, progress, the error object.

import { z } from "zod";
import { SENT_CODES } from "../../errors.ts";
import { MISS_REASONS, PROMPT_PARTS } from "../../generation/cache-miss.ts";
import type { Tag } from "../shared/contract.ts";

const count = z.int().min(0);
const ms = z.number().min(0);

const usage = z.strictObject({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: z.strictObject({ cached_tokens: count }),
  completion_tokens_details: z.strictObject({ reasoning_tokens: count }),
});

/** Why the prefix cache lacked tokens of the prompt. */
const cacheMiss = z.strictObject({
  reason: z.enum(MISS_REASONS),
  /** About how many tokens would have been cached otherwise. */
  missed_tokens: count,
  /** Tokens before the difference, rounded down. */
  token: count,
  part: z.enum(PROMPT_PARTS).optional(),
  /** Position of the message after the system prompt, from 0. */
  message: count.optional(),
});

/** Not part of OpenAI's API. Times in ms. */
export const timings = z.strictObject({
  queue_ms: ms,
  prefill_ms: ms,
  first_token_ms: ms.nullable(),
  total_ms: ms,
  prompt_tokens: count,
  cached_tokens: count,
  generated_tokens: count,
  seed: count,
  deadline_reached: z.literal(true).optional(),
  cache_miss: cacheMiss.optional(),
});

export const promptProgress = z.strictObject({
  total: count,
  cache: count,
  processed: count,
  time_ms: ms,
});

export const finishReason = z.enum(["stop", "length", "tool_calls"]);

/** First fields of every answer and every chunk. */
export function head<T extends string>(object: T) {
  return { id: z.string(), object: z.literal(object), created: count, model: z.string() };
}

/** Fields of a whole answer besides its choices. */
export const wholeFields = { service_tier: z.string().optional(), usage, timings };

/** Fields of a chunk besides its choices. */
export const chunkFields = {
  service_tier: z.string().optional(),
  usage: usage.nullable().optional(),
  timings: timings.optional(),
  prompt_progress: promptProgress.optional(),
};

export const openaiError = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    type: z.enum(["invalid_request_error", "permission_error", "rate_limit_error", "server_error"]),
    param: z.string().nullable(),
    code: z.enum(SENT_CODES),
  }),
});

export const OPENAI: Tag = {
  name: "OpenAI",
  description: "For OpenAI's SDKs and tools built on them. The base URL ends in `/v1`.",
  error: openaiError,
};

export type UsageObject = z.output<typeof usage>;
export type Timings = z.output<typeof timings>;
export type EncodedProgress = z.output<typeof promptProgress>;
export type OpenaiError = z.output<typeof openaiError>;
