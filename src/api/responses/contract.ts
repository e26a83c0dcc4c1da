// The contract of POST /v1/responses. Its body schema also allows the short forms that `withItems` expands before parsing.

import { z } from "zod";
import { OPENAI } from "../openai/answer.ts";
import { CHAT_CODES, type Contract } from "../shared/contract.ts";
import type { Replacements, Unsupported } from "../shared/parse-body.ts";
import { response, responseEvent } from "./answer.ts";
import { responsesSchema } from "./fields.ts";

const [message, ...others] = responsesSchema.shape.input.element.options;

/** `input` may be a string (a user message), and an item with a role but no type is a message. */
const body = responsesSchema.extend({
  input: z
    .union([
      z.string(),
      z.array(z.union([message.extend({ type: message.shape.type.nullish() }), ...others])).min(1),
    ])
    .describe("The conversation: a user message as a string, or a list of items."),
});

export function responsesContract(unsupported: Unsupported, replacements: Replacements): Contract {
  return {
    name: "Response",
    tag: OPENAI,
    summary: "Answers one turn of a conversation, and stores it",
    body,
    unsupported,
    replacements,
    example: { input: "What is streaming?", max_output_tokens: 60 },
    answer: response,
    event: responseEvent,
    codes: [...CHAT_CODES, "previous_response_not_found", "response_store_full"],
  };
}
