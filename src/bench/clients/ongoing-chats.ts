// Keeps chats running, answer after answer, while something else is measured.

import { setMaxListeners } from "node:events";
import type { Target } from "../case.ts";
import { randomPrompt } from "./prompts.ts";
import { type StreamResult, streamChat } from "./stream-client.ts";

export type ChatsOptions = {
  readonly target: Target;
  readonly count: number;
  readonly promptWords: number;
  /** Tokens per answer. */
  readonly tokens: number;
};

export type OngoingChats = {
  /** Ends the chats. @returns all answers; the last ones are cut. @throws Error if one was refused or broken */
  readonly stop: () => Promise<readonly StreamResult[]>;
};

export function startChats(options: ChatsOptions): OngoingChats {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const chats = Array.from({ length: options.count }, () => chat(options, controller.signal));
  for (const each of chats) each.catch(() => {}); // stop() reports the error
  return {
    stop: async () => {
      controller.abort();
      return (await Promise.all(chats)).flat();
    },
  };
}

async function chat(options: ChatsOptions, signal: AbortSignal): Promise<StreamResult[]> {
  const { target, promptWords, tokens } = options;
  const answers: StreamResult[] = [];
  while (!signal.aborted) {
    const messages = [{ role: "user", content: randomPrompt(promptWords) }];
    const { url, model, apiKey } = target;
    const answer = await streamChat({ url, model, apiKey, messages, tokens, signal });
    if (answer.outcome !== "complete" && answer.outcome !== "aborted") {
      throw new Error(`a chat ended ${answer.outcome} with status ${answer.status}`);
    }
    answers.push(answer);
  }
  return answers;
}
