// The endpoints POST /apply-template and POST /v1/chat/completions/input_tokens: the rendered prompt of a chat, and its
// number of tokens. They take the body of a chat completion and refuse what a chat completion refuses.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import type { AskedRequest } from "../../generation/request.ts";
import type { ParseContext } from "../dialect.ts";
import { type AskEngine, countTokens, type Endpoint, type EndpointCall } from "../endpoint.ts";
import { OPENAI } from "../openai/answer.ts";
import { openaiChat } from "../openai/chat.ts";
import { nonGenerating } from "../shared/contract.ts";
import { encodeInputTokens, inputTokens, LLAMA_CPP, renderedPrompt } from "./answers.ts";

export const nativeApplyTemplate: Endpoint = {
  path: "/apply-template",
  contract: nonGenerating(openaiChat.contract, {
    name: "RenderedPrompt",
    tag: LLAMA_CPP,
    summary: "Shows the prompt that a conversation becomes",
    answer: renderedPrompt,
  }),
  parse: (body, context) =>
    chatCall(body, context, async (request, ask) => {
      // Refuses a prompt that is too long before it is rendered.
      await ask({ type: "prepare", request });
      const { text } = await ask({ type: "render", prompt: request.prompt });
      return { prompt: text };
    }),
};

export const chatInputTokens: Endpoint = {
  path: `${openaiChat.path}/input_tokens`,
  contract: nonGenerating(openaiChat.contract, {
    name: "InputTokens",
    tag: OPENAI,
    summary: "Counts the tokens of a conversation",
    answer: inputTokens,
  }),
  parse: (body, context) =>
    chatCall(body, context, (request, ask) => countTokens(request, encodeInputTokens)(ask)),
};

function chatCall(
  body: unknown,
  context: ParseContext,
  answer: (request: AskedRequest, ask: AskEngine) => Promise<object>,
): EndpointCall {
  const { requests, model, ignoredParams } = openaiChat.parse(body, context);
  const [request] = requests; // the choices differ only in their seeds
  if (!request) throw new Error("a chat needs a request");
  return { model, ignoredParams, request, answer: (ask) => answer(request, ask) };
}
