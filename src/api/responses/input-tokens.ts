// The endpoint POST /v1/responses/input_tokens: counts the prompt tokens that the same body would have as a response.
// https://platform.openai.com/docs/api-reference/responses/input-tokens

import { callAbout, countTokens, type Endpoint } from "../endpoint.ts";
import { encodeInputTokens, inputTokens } from "../llama-cpp/answers.ts";
import { nonGenerating } from "../shared/contract.ts";
import { openaiResponses } from "./responses.ts";

export const responsesInputTokens: Endpoint = {
  path: `${openaiResponses.path}/input_tokens`,

  contract: nonGenerating(openaiResponses.contract, {
    name: "ResponseInputTokens",
    tag: "OpenAI",
    summary: "Counts the tokens of a response's prompt",
    answer: inputTokens,
  }),

  parse: (body, context) =>
    callAbout(openaiResponses.parse(body, context), countTokens(encodeInputTokens)),
};
