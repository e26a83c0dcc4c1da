// Schemas of the answers of POST /v1/chat/completions, whole and in chunks.
// https://platform.openai.com/docs/api-reference/chat/object

import { z } from "zod";
import { chunkFields, finishReason, head, wholeFields } from "./answer.ts";

const tokenLogprob = {
  token: z.string(),
  bytes: z.array(z.int().min(0).max(255)).readonly(),
  logprob: z.number(),
};

export const chatLogprobsObject = z
  .strictObject({
    content: z.array(
      z.strictObject({ ...tokenLogprob, top_logprobs: z.array(z.strictObject(tokenLogprob)) }),
    ),
    refusal: z.null(),
  })
  .nullable();

const functionCall = {
  id: z.string(),
  type: z.literal("function"),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
};
const customCall = {
  id: z.string(),
  type: z.literal("custom"),
  custom: z.strictObject({ name: z.string(), input: z.string() }),
};
const call = z.discriminatedUnion("type", [
  z.strictObject(functionCall),
  z.strictObject(customCall),
]);

const message = z.strictObject({
  role: z.literal("assistant"),
  content: z.string().nullable(),
  refusal: z.null(),
  reasoning_content: z.string().optional(),
  tool_calls: z.array(call).optional(),
});

const index = z.int().min(0);

/** The first delta of a call has its id and name, the later ones more of its arguments. */
const callDelta = z.union([
  z.strictObject({ index, ...functionCall }),
  z.strictObject({ index, ...customCall }),
  z.strictObject({ index, function: z.strictObject({ arguments: z.string() }) }),
  z.strictObject({ index, custom: z.strictObject({ input: z.string() }) }),
]);

const delta = z.strictObject({
  role: z.literal("assistant").optional(),
  content: z.string().nullable().optional(),
  reasoning_content: z.string().optional(),
  tool_calls: z.array(callDelta).optional(),
});

const choiceFields = { index: z.int().min(0), logprobs: chatLogprobsObject };

export const chatCompletion = z.strictObject({
  ...head("chat.completion"),
  choices: z.array(z.strictObject({ ...choiceFields, message, finish_reason: finishReason })),
  ...wholeFields,
});

export const chatChunk = z.strictObject({
  ...head("chat.completion.chunk"),
  choices: z.array(
    z.strictObject({ ...choiceFields, delta, finish_reason: finishReason.nullable() }),
  ),
  ...chunkFields,
});

export type ChatLogprobs = z.output<typeof chatLogprobsObject>;
export type ChatCall = z.output<typeof call>;
export type ChatCallDelta = z.output<typeof callDelta>;
/** Fields of a choice without its index and finish reason. */
export type ChatDelta = { delta: z.output<typeof delta>; logprobs?: ChatLogprobs };
export type ChatMessage = { message: z.output<typeof message>; logprobs?: ChatLogprobs };
