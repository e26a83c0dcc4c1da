// The endpoint POST /apply-template: the rendered prompt of a chat. It takes the body of a chat completion and refuses what a
// chat completion refuses.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import { callAbout, type Endpoint } from "../endpoint.ts";
import { openaiChat } from "../openai/chat.ts";
import { nonGenerating } from "../shared/contract.ts";
import { LLAMA_CPP, renderedPrompt } from "./answers.ts";

export const nativeApplyTemplate: Endpoint = {
  path: "/apply-template",
  contract: nonGenerating(openaiChat.contract, {
    name: "RenderedPrompt",
    tag: LLAMA_CPP,
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
