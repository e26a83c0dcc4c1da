// The endpoints POST /v1/chat/completions/input_tokens and POST /v1/responses/input_tokens: count the prompt tokens that the
// same body would have as a chat completion or a response.
// https://platform.openai.com/docs/api-reference/responses/input-tokens

import { z } from "zod";
import type { Dialect } from "../dialect.ts";
import { callAbout, countTokens, type Endpoint } from "../endpoint.ts";
import { openaiResponses } from "../responses/responses.ts";
import { nonGenerating } from "../shared/contract.ts";
import { OPENAI } from "./answer.ts";
import { openaiChat } from "./chat.ts";

const inputTokens = z.strictObject({
  object: z.literal("response.input_tokens"),
  input_tokens: z.int().min(0),
});

export const chatInputTokens = inputTokensOf(openaiChat, {
  name: "InputTokens",
  summary: "Counts the tokens of a conversation",
});

export const responsesInputTokens = inputTokensOf(openaiResponses, {
  name: "ResponseInputTokens",
  summary: "Counts the tokens of a response's prompt",
});

function inputTokensOf(dialect: Dialect, own: { name: string; summary: string }): Endpoint {
  return {
    path: `${dialect.path}/input_tokens`,
    contract: nonGenerating(dialect.contract, { ...own, tag: OPENAI, answer: inputTokens }),
    parse: (body, context) =>
      callAbout(
        dialect.parse(body, context),
        countTokens((input_tokens) => ({ object: "response.input_tokens", input_tokens })),
      ),
  };
}
