// POST /v1/responses/input_tokens: how long the prompt of a response would be, as its usage would say.
// https://platform.openai.com/docs/api-reference/responses/input-tokens

import type { AskingRoute } from "./asking.ts";
import { openaiResponses } from "./openai-responses.ts";

export const responsesInputTokens: AskingRoute = {
  path: `${openaiResponses.path}/input_tokens`,

  parse(body, context) {
    const { requests, model, ignoredParams } = openaiResponses.parse(body, context);
    const [request] = requests;
    if (!request) throw new Error("a response is one request");
    return {
      model,
      ignoredParams,
      answer: async (ask) => {
        const { promptTokens } = await ask({ type: "prepare", request });
        return { object: "response.input_tokens", input_tokens: promptTokens.length };
      },
    };
  },
};
