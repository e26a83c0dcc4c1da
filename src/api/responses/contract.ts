// The contract of POST /v1/responses. Its body schema also allows the short forms that `withItems` expands before parsing.

import { z } from "zod";
import { openaiError } from "../openai/answer.ts";
import { CHAT_CODES, type Contract, withoutEffect } from "../shared/contract.ts";
import type { Replacements, Unsupported } from "../shared/parse-body.ts";
import { response, responseEvent } from "./answer.ts";
import { responsesSchema } from "./fields.ts";

const { input, reasoning, text, ...fields } = responsesSchema.shape;
const [message, ...others] = input.element.options;
const [reasoningFields, textFields] = [reasoning.unwrap().unwrap(), text.unwrap().unwrap()];

/** `input` may be a string (a user message), and an item with a role but no type is a message. */
const body = responsesSchema.extend({
  input: z.union([
    z.string(),
    z.array(z.union([message.extend({ type: message.shape.type.nullish() }), ...others])).min(1),
  ]),
  reasoning: reasoningFields
    .extend({ summary: withoutEffect(reasoningFields.shape.summary) })
    .nullish(),
  text: textFields.extend({ verbosity: withoutEffect(textFields.shape.verbosity) }).nullish(),
  tool_choice: fields.tool_choice.meta({ default: "auto" }),
  parallel_tool_calls: fields.parallel_tool_calls.meta({ default: true }),
  truncation: fields.truncation.meta({ default: "disabled" }),
  background: fields.background.meta({ default: false }),
  top_logprobs: fields.top_logprobs.meta({ default: 0 }),
  stream_options: withoutEffect(fields.stream_options),
});

export function responsesContract(unsupported: Unsupported, replacements: Replacements): Contract {
  return {
    name: "Response",
    tag: "OpenAI",
    summary: "Answers one turn of a conversation, and stores it",
    body,
    unsupported,
    replacements,
    example: { input: "What is streaming?", max_output_tokens: 60 },
    answer: response,
    event: responseEvent,
    error: openaiError,
    codes: [...CHAT_CODES, "previous_response_not_found", "response_store_full"],
  };
}
