// The endpoint POST /v1/messages/count_tokens: counts the prompt tokens that the same body would have as a message.
// https://docs.anthropic.com/en/api/messages-count-tokens

import { callAbout, countTokens, type Endpoint } from "../endpoint.ts";
import { nonGenerating } from "../shared/contract.ts";
import { anthropicTokenCount } from "./answer.ts";
import { anthropicMessages, parsePrompt, promptSchema } from "./messages.ts";

export const anthropicCountTokens: Endpoint = {
  path: `${anthropicMessages.path}/count_tokens`,

  contract: nonGenerating(anthropicMessages.contract, {
    name: "TokenCount",
    tag: "Anthropic",
    summary: "Counts the tokens of a conversation",
    body: promptSchema,
    example: { messages: [{ role: "user", content: "Hi" }] },
    answer: anthropicTokenCount,
  }),

  parse: (body, context) =>
    callAbout(
      parsePrompt(body, context),
      countTokens((input_tokens) => ({ input_tokens })),
    ),
};
