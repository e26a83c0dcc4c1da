// Schemas of the answers of the routes taken from llama.cpp's server.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import { z } from "zod";
import { openaiError, promptProgress } from "../openai/answer.ts";
import type { Tag } from "../shared/contract.ts";

const count = z.int().min(0);
/** Null if the divisor is 0. */
const ratio = z.number().min(0).nullable();

const settings = z.strictObject({
  seed: z.int().min(-1),
  temperature: z.number(),
  top_k: count,
  top_p: z.number(),
  min_p: z.number(),
  presence_penalty: z.number(),
  frequency_penalty: z.number(),
  repeat_penalty: z.number(),
  logit_bias: z.array(z.strictObject({ token: count, bias: z.number() })),
  stop: z.array(z.string()).readonly(),
  n_predict: z.int().min(-1),
  min_tokens: count,
  ignore_eos: z.boolean(),
  cache_prompt: z.boolean(),
});

const nativeTimings = z.strictObject({
  queue_ms: z.number().min(0),
  cache_n: count,
  prompt_n: count,
  prompt_ms: z.number().min(0),
  prompt_per_token_ms: ratio,
  prompt_per_second: ratio,
  predicted_n: count,
  predicted_ms: z.number().min(0),
  predicted_per_token_ms: ratio,
  predicted_per_second: ratio,
});

/** The whole answer, and the last frame of a stream. */
export const nativeAnswer = z.strictObject({
  index: z.literal(0),
  content: z.string(),
  tokens: z.array(z.never()),
  stop: z.literal(true),
  stop_type: z.enum(["eos", "limit", "word"]),
  stopping_word: z.string(),
  model: z.string(),
  tokens_predicted: count,
  tokens_evaluated: count,
  tokens_cached: count,
  truncated: z.literal(false),
  generation_settings: settings,
  timings: nativeTimings,
});

export const nativeFrame = z.strictObject({
  index: z.literal(0),
  content: z.string(),
  tokens: z.array(z.never()),
  stop: z.literal(false),
  prompt_progress: promptProgress.optional(),
});

/** The fields that `response_fields` selects, keyed by their whole path, e.g. `timings/prompt_n`. */
export const pickedFields = z.record(z.string(), z.unknown());

export const tokenList = z.strictObject({
  tokens: z.union([
    z.array(count),
    z.array(z.strictObject({ id: count, piece: z.union([z.string(), z.array(count.max(255))]) })),
  ]),
});

export const tokenText = z.strictObject({ content: z.string() });

export const renderedPrompt = z.strictObject({ prompt: z.string() });

const slot = { id: count, n_ctx: count, n_reserved: count, speculative: z.literal(false) };

/** A free slot, a slot used by another key, or a slot used by the caller's key. */
export const slotList = z.array(
  z.union([
    z.strictObject({ ...slot, is_processing: z.literal(false) }),
    z.strictObject({ ...slot, n_reserved: z.null(), is_processing: z.literal(true) }),
    z.strictObject({
      ...slot,
      is_processing: z.literal(true),
      request_id: z.string(),
      model: z.string().nullable(),
      n_past: count.nullable(),
      n_prompt_tokens: count,
      next_token: z.strictObject({ n_decoded: count, n_remain: count }),
      held_ms: count,
    }),
  ]),
);

export const props = z.strictObject({
  default_generation_settings: z.strictObject({ n_ctx: count, params: settings }),
  total_slots: count,
  model_alias: z.string(),
  model_path: z.string(),
  modalities: z.strictObject({ vision: z.literal(false), audio: z.literal(false) }),
  chat_template: z.string().nullable(),
  chat_template_caps: z.strictObject({
    tool_format: z.string().nullable(),
    thought_format: z.string().nullable(),
    supports_string_content: z.boolean(),
    supports_typed_content: z.boolean(),
    supports_system_role: z.boolean(),
    supports_tools: z.boolean(),
    supports_tool_calls: z.boolean(),
    supports_parallel_tool_calls: z.boolean(),
    supports_object_arguments: z.boolean(),
    supports_preserve_reasoning: z.boolean(),
    adaptations: z.array(z.string()),
  }),
  bos_token: z.string().nullable(),
  eos_token: z.string().nullable(),
  build_info: z.string(),
});

const { shape } = openaiError.shape.error;

/** `type`, `n_prompt_tokens` and `n_ctx` are llama.cpp's for a prompt that does not fit. */
const llamaCppError = z.strictObject({
  error: z.strictObject({
    ...shape,
    type: z.union([shape.type, z.literal("exceed_context_size_error")]),
    n_prompt_tokens: count.optional(),
    n_ctx: count.optional(),
  }),
});

export const LLAMA_CPP: Tag = {
  name: "llama.cpp",
  description: "Routes of llama.cpp's server.",
  error: llamaCppError,
};

export type LlamaCppError = z.output<typeof llamaCppError>;
export type Settings = z.output<typeof settings>;
export type NativeTimings = z.output<typeof nativeTimings>;
export type NativeAnswer = z.output<typeof nativeAnswer>;
export type NativeFrame = z.output<typeof nativeFrame>;
export type SlotList = z.output<typeof slotList>;
export type Props = z.output<typeof props>;
