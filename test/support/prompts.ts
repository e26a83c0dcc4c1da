// Conversations and the prints of their prompts, for tests of the diagnosis of cache misses.

import { type PromptPrint, printOf } from "../../src/cache-misses/prompt-print.ts";
import type { Message, Prompt } from "../../src/generation/request.ts";

type ConversationOptions = {
  readonly system?: string;
  readonly tools?: readonly string[];
  readonly messages?: readonly string[];
};

/** The messages are the user's and the assistant's in turn. */
export function conversation({ system, tools, messages = [] }: ConversationOptions): Prompt {
  const turns = messages.map(
    (content, index): Message =>
      index % 2 === 0
        ? { role: "user", content }
        : { role: "assistant", content, reasoning: null, toolCalls: [] },
  );
  const offered = (tools ?? []).map((text) => ({
    name: "f",
    definition: { description: text },
    rule: "f",
  }));
  return {
    type: "messages",
    messages: system === undefined ? turns : [{ role: "system", content: system }, ...turns],
    tools:
      offered.length === 0
        ? null
        : { tools: offered, callable: [], isRequired: false, isParallel: true },
    continuesLast: false,
    reasoning: { effort: null, budgetTokens: null, isSeparate: true },
    variables: {},
  };
}

type ReadOptions = { readonly model?: string; readonly template?: string };

/** The print of a prompt in which every character is a token: the template's beginning, system, tools, messages. */
export function read(
  prompt: Prompt,
  { model = "m", template = "" }: ReadOptions = {},
): PromptPrint {
  const text = template + (prompt.type === "messages" ? textOf(prompt) : JSON.stringify(prompt));
  const promptTokens = Uint32Array.from(text, (char) => char.codePointAt(0) ?? 0);
  return printOf({ prompt, promptTokens, model, seed: "seed" });
}

function textOf({ messages, tools }: Extract<Prompt, { type: "messages" }>): string {
  const begin = messages.findIndex(({ role }) => role !== "system");
  const texts = (some: readonly Message[]) => some.map(({ content }) => content).join("\n");
  const definitions = (tools?.tools ?? []).map(({ definition }) => JSON.stringify(definition));
  return [texts(messages.slice(0, begin)), ...definitions, texts(messages.slice(begin))].join("\n");
}

/** Different words for each name. */
export function words(name: string, count = 100): string {
  return Array.from({ length: count }, (_, index) => `${name}${index}`).join(" ");
}
