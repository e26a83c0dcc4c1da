// The endpoints POST /apply-template and POST /v1/chat/completions/input_tokens: the rendered prompt of a chat, and its
// number of tokens. They take the body of a chat completion and refuse what a chat completion refuses.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import { callAbout, countTokens, type Endpoint } from "../endpoint.ts";
import { openaiChat } from "../openai/chat.ts";
import { nonGenerating } from "../shared/contract.ts";
import { encodeInputTokens, inputTokens, renderedPrompt } from "./answers.ts";

export const nativeApplyTemplate: Endpoint = {
  path: "/apply-template",
  contract: nonGenerating(openaiChat.contract, {
    name: "RenderedPrompt",
    tag: "llama.cpp",
    summary: "Shows the prompt that a conversation becomes",
    answer: renderedPrompt,
  }),
  parse: (body, context) =>
    callAbout(openaiChat.parse(body, context), async (request, ask) => {
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
    tag: "OpenAI",
    summary: "Counts the tokens of a conversation",
    answer: inputTokens,
  }),
  parse: (body, context) =>
    callAbout(openaiChat.parse(body, context), countTokens(encodeInputTokens)),
};
