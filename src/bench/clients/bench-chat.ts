// A chat that grows with every turn: each answer is sent back with the next question.

import type { Target } from "../case.ts";
import type { ChatTool, SentMessage } from "./chat-request.ts";
import { allComplete, type StreamResult, streamChat } from "./stream-client.ts";

export type ConversationOptions = {
  /** The system prompt of the next request; it may change from one to the next. */
  readonly system: () => string;
  readonly tools?: readonly ChatTool[];
};

export class BenchChat {
  readonly #options: ConversationOptions;
  readonly #messages: SentMessage[] = [];

  constructor(options: ConversationOptions) {
    this.#options = options;
  }

  /** @param tokens of the answer. @throws Error if it is incomplete */
  async ask(
    { url, model, apiKey }: Target,
    question: string,
    tokens: number,
  ): Promise<StreamResult> {
    const { system, tools } = this.#options;
    this.#messages.push({ role: "user", content: question });
    const messages = [{ role: "system", content: system() }, ...this.#messages];
    const request = { url, model, apiKey, messages, tokens, ...(tools ? { tools } : {}) };
    const [result] = await allComplete([streamChat(request)]);
    if (!result) throw new Error("there is no answer");
    this.#messages.push({ role: "assistant", content: result.text });
    return result;
  }
}

/** Tokens of the prompt that were not in the cache. */
export function computedTokens({ promptTokens, cachedTokens }: StreamResult): number {
  return promptTokens - cachedTokens;
}
