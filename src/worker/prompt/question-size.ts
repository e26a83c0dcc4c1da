// How much work a question is, so that long ones wait for other streams and do not delay short ones.

import type { Question } from "../../generation/questions.ts";
import type { Message, Prompt } from "../../generation/request.ts";

/** Rendering a message costs about as much as tokenizing this much text. */
const MESSAGE_CHARS = 100;
/** Tokenizing and fencing a control token costs as much as this much text. */
const CONTROL_TOKEN_CHARS = 40;
const LESS_THAN = 0x3c;
/** Parsing a grammar takes this share of the time to tokenize the same text. */
const GRAMMAR_SHARE = 1 / 8;

/** Estimated cost, as the number of characters that take the same time to tokenize. */
export function sizeOf(question: Question): number {
  switch (question.type) {
    case "prepare": {
      const { prompt, grammar } = question.request;
      return sizeOfPrompt(prompt) + (grammar?.length ?? 0) * GRAMMAR_SHARE;
    }
    case "render":
      return sizeOfPrompt(question.prompt);
    case "tokenize":
      return (
        question.text.length + (question.readsControlTokens ? controlTokenCost(question.text) : 0)
      );
    case "detokenize":
      return question.tokens.length;
  }
}

function sizeOfMessage(message: Message): number {
  const { content } = message;
  const size = content.length + controlTokenCost(content);
  if (message.role !== "assistant") return size;
  const calls = message.toolCalls.length > 0 ? JSON.stringify(message.toolCalls).length : 0;
  return size + (message.reasoning?.length ?? 0) + calls;
}

/** The control tokens of most models start with "<". */
function controlTokenCost(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) === LESS_THAN) count += 1;
  return CONTROL_TOKEN_CHARS * count;
}

/** Estimated cost of a prompt alone, in the same unit. */
export function sizeOfPrompt(prompt: Prompt): number {
  switch (prompt.type) {
    case "messages": {
      const texts = prompt.messages.reduce((sum, message) => sum + sizeOfMessage(message), 0);
      const tools = prompt.tools?.tools ?? [];
      const rules = prompt.tools?.rules?.length ?? 0;
      const written = JSON.stringify([tools.map(({ definition }) => definition), prompt.variables]);
      return (
        texts + MESSAGE_CHARS * prompt.messages.length + written.length + rules * GRAMMAR_SHARE
      );
    }
    case "text":
      return prompt.text.length;
    case "tokens":
      return prompt.tokens.length;
    case "infill":
      return prompt.prefix.length + prompt.suffix.length;
  }
}
