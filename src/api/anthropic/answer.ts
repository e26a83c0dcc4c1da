// Schemas of the answers of POST /v1/messages, whole and as events, and of count_tokens.
// https://docs.anthropic.com/en/api/messages

import { z } from "zod";
import { SENT_CODES } from "../../errors.ts";
import type { Tag } from "../shared/contract.ts";
import { anthropicDiagnostics } from "./diagnostics.ts";

const count = z.int().min(0);

const text = z.strictObject({ type: z.literal("text"), text: z.string() });
const thinking = z.strictObject({
  type: z.literal("thinking"),
  thinking: z.string(),
  signature: z.literal(""),
});
const toolUse = z.strictObject({
  type: z.literal("tool_use"),
  id: z.string(),
  name: z.string(),
  input: z.record(z.string(), z.unknown()),
});
const block = z.discriminatedUnion("type", [text, thinking, toolUse]);

const ending = {
  stop_reason: z.enum(["end_turn", "max_tokens", "stop_sequence", "tool_use"]).nullable(),
  stop_sequence: z.string().nullable(),
  stop_details: z.null(),
};

const usage = {
  input_tokens: count,
  cache_creation_input_tokens: z.literal(0),
  cache_read_input_tokens: count,
  output_tokens: count,
  output_tokens_details: z.strictObject({ thinking_tokens: count }),
};

export const anthropicMessage = z.strictObject({
  id: z.string(),
  type: z.literal("message"),
  role: z.literal("assistant"),
  model: z.string(),
  content: z.array(block),
  ...ending,
  usage: z.strictObject({ ...usage, service_tier: z.literal("standard") }),
  /** Only if the request asks for it. */
  diagnostics: anthropicDiagnostics.optional(),
});

const delta = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text_delta"), text: z.string() }),
  z.strictObject({ type: z.literal("thinking_delta"), thinking: z.string() }),
  z.strictObject({ type: z.literal("input_json_delta"), partial_json: z.string() }),
  z.strictObject({ type: z.literal("signature_delta"), signature: z.literal("") }),
]);

/** The SSE event name equals `type`. */
export const anthropicEvent = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("message_start"), message: anthropicMessage }),
  z.strictObject({ type: z.literal("ping") }),
  z.strictObject({ type: z.literal("content_block_start"), index: count, content_block: block }),
  z.strictObject({ type: z.literal("content_block_delta"), index: count, delta }),
  z.strictObject({ type: z.literal("content_block_stop"), index: count }),
  z.strictObject({
    type: z.literal("message_delta"),
    delta: z.strictObject(ending),
    usage: z.strictObject(usage),
  }),
  z.strictObject({ type: z.literal("message_stop") }),
]);

export const anthropicTokenCount = z.strictObject({ input_tokens: count });

const anthropicError = z.strictObject({
  type: z.literal("error"),
  error: z.strictObject({
    type: z.enum([
      "invalid_request_error",
      "authentication_error",
      "not_found_error",
      "request_too_large",
      "rate_limit_error",
      "overloaded_error",
      "permission_error",
      "timeout_error",
      "api_error",
    ]),
    message: z.string(),
    param: z.string().nullable(),
    code: z.enum(SENT_CODES),
    details: z
      .strictObject({ error_code: z.string(), unsupported: z.array(z.string()) })
      .optional(),
  }),
  request_id: z.string(),
});

export const ANTHROPIC: Tag = {
  name: "Anthropic",
  description: "For Anthropic's SDKs. The base URL has no `/v1`.",
  error: anthropicError,
};

export type AnthropicMessage = z.output<typeof anthropicMessage>;
export type AnthropicBlock = z.output<typeof block>;
export type AnthropicDelta = z.output<typeof delta>;
export type AnthropicEnding = z.output<z.ZodObject<typeof ending>>;
export type AnthropicUsage = z.output<z.ZodObject<typeof usage>>;
export type AnthropicEvent = z.output<typeof anthropicEvent>;
export type AnthropicError = z.output<typeof anthropicError>;
