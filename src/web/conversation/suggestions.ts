// Prompts for an empty chat, so that there is something to see at once.

import type { ChatSettings } from "./conversation.ts";
import { EXAMPLE_TOOLS } from "./settings.ts";

export type Suggestion = {
  readonly label: string;
  readonly text: string;
  /** Settings that the conversation gets with it. */
  readonly settings?: Partial<ChatSettings>;
};

/** What the built-in model can do reliably: each was tried with the default settings and its own. */
const BUILTIN: readonly Suggestion[] = [
  { label: "When I close the page", text: "What happens when I close the page?" },
  { label: "Streaming in Python", text: "How do I stream with Python?" },
  { label: "A table", text: "Make a table of the squares from 1 to 6." },
  {
    label: "A long answer",
    text: "Count from 1 to 200.",
    settings: { stop: [", 201"] }, // by itself it would count on to the token limit
  },
  {
    label: "Call a tool",
    text: "What is the weather in Paris?",
    settings: { tools: EXAMPLE_TOOLS },
  },
  {
    label: "Think first",
    text: "What is 11 + 24? /think",
    settings: { temperature: 0 }, // a toy: with chance in it, every fourth sum is wrong
  },
];

const OTHERS: readonly Suggestion[] = [
  {
    label: "Explain something",
    text: "Explain how a rainbow comes about, as if to a curious child.",
  },
  {
    label: "Compare in a table",
    text: "Compare HTTP streaming, server-sent events and WebSockets in a table, with a sentence on when to use each.",
  },
  {
    label: "Write code",
    text: "Write a function in TypeScript that groups a list of words by their first letter, with an example of its use.",
  },
  {
    label: "A long story",
    text: "Tell a story of about 600 words about a lighthouse keeper who receives a letter from the future.",
  },
  {
    label: "Call a tool",
    text: "What is the weather in Paris?",
    settings: { tools: EXAMPLE_TOOLS },
  },
  {
    label: "Plan a day",
    text: "I have one free day in a city that I do not know. Ask me three questions, then plan it for me.",
  },
];

/** @param modelId as the server names it; null before it has */
export function suggestionsFor(modelId: string | null): readonly Suggestion[] {
  return modelId === "builtin" ? BUILTIN : OTHERS;
}
