// Schemas of the answers of POST /api/chat and POST /api/generate, whole and as lines. https://docs.ollama.com/api

import { z } from "zod";
import { SENT_CODES } from "../../errors.ts";
import type { Tag } from "../shared/contract.ts";

const count = z.int().min(0);

/** First fields of every line and every body. */
const head = { model: z.string(), created_at: z.iso.datetime() };

/** Times in ns. */
const metrics = {
  total_duration: count,
  load_duration: count,
  prompt_eval_count: count,
  prompt_eval_duration: count,
  eval_count: count,
  eval_duration: count,
};

const tokenLogprob = {
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.int().min(0).max(255)).readonly(),
};
const logprobs = z.array(
  z.strictObject({
    ...tokenLogprob,
    top_logprobs: z.array(z.strictObject(tokenLogprob)).optional(),
  }),
);

const call = z.strictObject({
  id: z.string(),
  function: z.strictObject({
    index: count,
    name: z.string(),
    arguments: z.record(z.string(), z.unknown()),
  }),
});

const message = z.strictObject({
  role: z.literal("assistant"),
  content: z.string(),
  thinking: z.string().optional(),
  tool_calls: z.array(call).optional(),
});

/** Not part of Ollama's API: a waiting client's queue position, or the progress of loading the model. */
const waiting = {
  queue: z
    .strictObject({ position: z.int().min(1), eta_ms: z.number().min(0).nullable() })
    .optional(),
  loading: z
    .strictObject({
      state: z.string(),
      progress: z.number().min(0).max(1),
      eta_ms: z.number().min(0).nullable(),
    })
    .optional(),
};

/** `whole`: a body or the last line. `line`: a delta. `loaded`: the answer to a request that only loads the model. */
function forms<T extends z.ZodRawShape>(text: T) {
  const ended = { done: z.literal(true), logprobs: logprobs.optional() };
  const whole = z.strictObject({
    ...head,
    ...text,
    ...ended,
    done_reason: z.enum(["stop", "length"]),
    ...metrics,
  });
  const loaded = z.strictObject({
    ...head,
    ...text,
    done: z.literal(true),
    done_reason: z.enum(["load", "unload"]),
  });
  const line = z.strictObject({
    ...head,
    ...text,
    done: z.literal(false),
    logprobs: logprobs.optional(),
    ...waiting,
  });
  return { answer: z.union([whole, loaded]), event: z.union([line, whole]) };
}

export const chatForms = forms({ message });
export const generateForms = forms({ response: z.string(), thinking: z.string().optional() });

/** Ollama's clients read only `error`. */
const ollamaError = z.strictObject({
  error: z.string(),
  code: z.enum(SENT_CODES),
  param: z.string().nullable(),
  request_id: z.string(),
});

export const OLLAMA: Tag = {
  name: "Ollama",
  description: "For Ollama's clients and tools built on them. The host is this server.",
  error: ollamaError,
};

export type OllamaCall = z.output<typeof call>;
export type OllamaLogprobs = z.output<typeof logprobs>;
export type OllamaMetrics = z.output<z.ZodObject<typeof metrics>>;
export type OllamaWaiting = z.output<z.ZodObject<typeof waiting>>;
export type OllamaError = z.output<typeof ollamaError>;
export type ChatFields = { readonly message: z.output<typeof message> };
export type GenerateFields = { readonly response: string; readonly thinking?: string };
