// Schemas of the answers of POST /v1/responses: the response, its items, and the events of a stream.
// https://platform.openai.com/docs/api-reference/responses/object

import { z } from "zod";
import { openaiError, timings } from "../openai/answer.ts";
import { chatLogprobsObject } from "../openai/chat-answer.ts";
import { cacheDiagnostics } from "./diagnostics.ts";

const count = z.int().min(0);
const status = z.enum(["in_progress", "completed", "incomplete"]);

const logprobs = chatLogprobsObject.unwrap().shape.content;

const textPart = z.strictObject({
  type: z.literal("output_text"),
  text: z.string(),
  annotations: z.array(z.never()),
  logprobs,
});
const reasoningPart = z.strictObject({ type: z.literal("reasoning_text"), text: z.string() });

const item = z.discriminatedUnion("type", [
  z.strictObject({
    id: z.string(),
    type: z.literal("reasoning"),
    summary: z.array(z.never()),
    content: z.array(reasoningPart),
    status,
  }),
  z.strictObject({
    id: z.string(),
    type: z.literal("message"),
    role: z.literal("assistant"),
    content: z.array(textPart),
    status,
  }),
  z.strictObject({
    id: z.string(),
    type: z.literal("function_call"),
    call_id: z.string(),
    name: z.string(),
    namespace: z.string().optional(),
    arguments: z.string(),
    status,
  }),
  z.strictObject({
    id: z.string(),
    type: z.literal("custom_tool_call"),
    call_id: z.string(),
    name: z.string(),
    namespace: z.string().optional(),
    input: z.string(),
    status,
  }),
]);

const usage = z.strictObject({
  input_tokens: count,
  input_tokens_details: z.strictObject({ cached_tokens: count, cache_write_tokens: count }),
  output_tokens: count,
  output_tokens_details: z.strictObject({ reasoning_tokens: count }),
  total_tokens: count,
});

/** The request's fields, which the response repeats with defaults filled in. */
const echoed = {
  instructions: z.string().nullable(),
  max_output_tokens: z.int().nullable(),
  parallel_tool_calls: z.boolean(),
  previous_response_id: z.string().nullable(),
  reasoning: z.strictObject({ effort: z.string().nullable(), summary: z.null() }),
  service_tier: z.string(),
  store: z.boolean(),
  temperature: z.number(),
  text: z.strictObject({ format: z.looseObject({ type: z.string() }) }),
  tool_choice: z.union([z.string(), z.looseObject({ type: z.string() })]),
  tools: z.array(z.looseObject({ type: z.enum(["function", "custom", "namespace"]) })),
  top_p: z.number(),
  truncation: z.enum(["auto", "disabled"]),
  /** Indices of the conversation's items that were left out; only with truncation "auto". */
  omitted_items: z.array(count).readonly().optional(),
  background: z.boolean(),
  metadata: z.record(z.string(), z.string()),
};

export const response = z.strictObject({
  id: z.string(),
  object: z.literal("response"),
  created_at: count,
  status: z.enum(["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]),
  error: z
    .strictObject({
      code: z.enum(["server_error", "context_length_exceeded"]),
      message: z.string(),
    })
    .nullable(),
  incomplete_details: z
    .strictObject({ reason: z.enum(["max_output_tokens", "cancelled"]) })
    .nullable(),
  model: z.string(),
  output: z.array(item),
  ...echoed,
  /** Only if the request asks for a comparison. */
  prompt_cache_diagnostics: cacheDiagnostics.optional(),
  usage: usage.nullable(),
  timings: timings.optional(),
});

const part = z.discriminatedUnion("type", [textPart, reasoningPart]);
const inOutput = { output_index: count };
const inItem = { item_id: z.string(), ...inOutput };
const inContent = { ...inItem, content_index: count };

const { code, message, param } = openaiError.shape.error.shape;

function event<T extends string, F extends z.ZodRawShape>(type: T, fields: F) {
  return z.strictObject({ type: z.literal(type), sequence_number: count, ...fields });
}

/** The SSE event name equals `type`. */
export const responseEvent = z.discriminatedUnion("type", [
  event("response.created", { response }),
  event("response.queued", { response }),
  event("response.in_progress", { response }),
  event("response.output_item.added", { ...inOutput, item }),
  event("response.content_part.added", { ...inContent, part }),
  event("response.output_text.delta", { ...inContent, delta: z.string(), logprobs }),
  event("response.output_text.done", { ...inContent, text: z.string(), logprobs }),
  event("response.reasoning_text.delta", { ...inContent, delta: z.string() }),
  event("response.reasoning_text.done", { ...inContent, text: z.string() }),
  event("response.function_call_arguments.delta", { ...inItem, delta: z.string() }),
  event("response.function_call_arguments.done", {
    ...inItem,
    name: z.string(),
    arguments: z.string(),
  }),
  event("response.custom_tool_call_input.delta", { ...inItem, delta: z.string() }),
  event("response.custom_tool_call_input.done", { ...inItem, input: z.string() }),
  event("response.content_part.done", { ...inContent, part }),
  event("response.output_item.done", { ...inOutput, item }),
  event("response.completed", { response }),
  event("response.incomplete", { response }),
  event("response.failed", { response }),
  event("error", { ...openaiError.shape, code, message, param, request_id: z.string() }),
]);

/** All input items of a response, as the client wrote them, each with an id. */
export const inputItemList = z.strictObject({
  object: z.literal("list"),
  data: z.array(z.looseObject({ id: z.string(), type: z.string() })),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean(),
});

export const deletedResponse = z.strictObject({
  id: z.string(),
  object: z.literal("response"),
  deleted: z.literal(true),
});

export type ResponseItem = z.output<typeof item>;
export type ResponseStatus = z.output<typeof response>["status"];
