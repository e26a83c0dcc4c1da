// Chat templates from Jinja source.

import {
  ChatTemplate,
  type ChatTemplateOptions,
} from "../../../src/worker/prompt/template/chat-template.ts";

/** A template without control tokens, unless the options have some. */
export function templateOf(
  source: string,
  options: Partial<Omit<ChatTemplateOptions, "source">> = {},
): ChatTemplate {
  return new ChatTemplate({
    source,
    controlTexts: [],
    bosText: null,
    eosText: null,
    reasoningInstruction: null,
    ...options,
  });
}
