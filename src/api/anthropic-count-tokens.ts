// POST /v1/messages/count_tokens: how long a prompt is, as its answer's usage would say.
// https://docs.anthropic.com/en/api/messages-count-tokens

import { anthropicMessages, parseAsked } from "./anthropic-messages.ts";
import type { AskingRoute } from "./asking.ts";

export const anthropicCountTokens: AskingRoute = {
  path: `${anthropicMessages.path}/count_tokens`,

  parse(body, context) {
    const { request, ...asked } = parseAsked(body, context);
    return {
      ...asked,
      answer: async (ask) => {
        const { promptTokens } = await ask({ type: "prepare", request });
        return { input_tokens: promptTokens.length };
      },
    };
  },
};
