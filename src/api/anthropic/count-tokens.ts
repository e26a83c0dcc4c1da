// POST /v1/messages/count_tokens: how long a prompt is, as its answer's usage would say.
// https://docs.anthropic.com/en/api/messages-count-tokens

import type { Endpoint } from "../endpoint.ts";
import { anthropicTokenCount } from "./answer.ts";
import { anthropicMessages, askedSchema, parseAsked } from "./messages.ts";

const { unsupported, replacements = {}, error, codes } = anthropicMessages.contract;

export const anthropicCountTokens: Endpoint = {
  path: `${anthropicMessages.path}/count_tokens`,

  contract: {
    name: "TokenCount",
    tag: "Anthropic",
    summary: "Counts the tokens of a conversation",
    body: askedSchema,
    unsupported,
    replacements,
    example: { messages: [{ role: "user", content: "Hi" }] },
    answer: anthropicTokenCount,
    error,
    codes,
  },

  parse(body, context) {
    const asked = parseAsked(body, context);
    const { request } = asked;
    return {
      ...asked,
      answer: async (ask) => {
        const { promptTokens } = await ask({ type: "prepare", request });
        return { input_tokens: promptTokens.length };
      },
    };
  },
};
