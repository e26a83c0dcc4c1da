// POST /apply-template and POST /v1/chat/completions/input_tokens: what a chat would have the model read, and how much of it
// there is. Bodies are those of a chat, and what a chat refuses is refused here with the same words.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import type { GenerateRequest } from "../generation/request.ts";
import type { Ask, Asked, AskingRoute } from "./asking.ts";
import type { ParseContext } from "./dialect.ts";
import { openaiChat } from "./openai-chat.ts";

export const nativeApplyTemplate: AskingRoute = {
  path: "/apply-template",
  parse: (body, context) =>
    askedOfChat(body, context, async (request, ask) => {
      // Refuses what is far too long before it is rendered.
      await ask({ type: "prepare", request });
      const { text } = await ask({ type: "render", prompt: request.prompt });
      return { prompt: text };
    }),
};

export const chatInputTokens: AskingRoute = {
  path: `${openaiChat.path}/input_tokens`,
  parse: (body, context) =>
    askedOfChat(body, context, async (request, ask) => {
      const { promptTokens } = await ask({ type: "prepare", request });
      return { object: "response.input_tokens", input_tokens: promptTokens.length };
    }),
};

function askedOfChat(
  body: unknown,
  context: ParseContext,
  answer: (request: GenerateRequest, ask: Ask) => Promise<object>,
): Asked {
  const { requests, model, ignoredParams } = openaiChat.parse(body, context);
  const [request] = requests; // its choices differ in their seeds alone
  if (!request) throw new Error("a chat is one request at least");
  return { model, ignoredParams, answer: (ask) => answer(request, ask) };
}
