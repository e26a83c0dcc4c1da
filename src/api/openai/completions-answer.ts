// Schemas of the answers of POST /v1/completions, whole and in chunks.
// https://platform.openai.com/docs/api-reference/completions/object

import { z } from "zod";
import { chunkFields, finishReason, head, wholeFields } from "./answer.ts";

const logprobs = z
  .strictObject({
    tokens: z.array(z.string()),
    token_logprobs: z.array(z.number().nullable()),
    top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
    text_offset: z.array(z.int().min(0)),
  })
  .nullable();

const choice = { index: z.int().min(0), logprobs, text: z.string() };

export const completion = z.strictObject({
  ...head("text_completion"),
  choices: z.array(z.strictObject({ ...choice, finish_reason: finishReason })),
  ...wholeFields,
});

export const completionChunk = z.strictObject({
  ...head("text_completion"),
  choices: z.array(z.strictObject({ ...choice, finish_reason: finishReason.nullable() })),
  ...chunkFields,
});

export type CompletionLogprobs = z.output<typeof logprobs>;
/** Fields of a choice without its index and finish reason. */
export type CompletionText = { text: string; logprobs?: CompletionLogprobs };
