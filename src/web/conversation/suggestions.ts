// Example prompts shown in an empty chat.

import type { ChatSettings } from "./conversation.ts";
import { EXAMPLE_TOOLS } from "./settings.ts";

export type Suggestion = {
  readonly label: string;
  readonly text: string;
  /** Settings that the suggestion applies to the conversation. */
  readonly settings?: Partial<ChatSettings>;
};

const CALL_A_TOOL: Suggestion = {
  label: "Call a tool",
  text: "What is the weather in Paris?",
  settings: { tools: EXAMPLE_TOOLS },
};

/** Prompts that the built-in model answers reliably, each tried with the default settings and its own. */
const BUILTIN: readonly Suggestion[] = [
  { label: "Closing the page", text: "What happens when I close the page?" },
  { label: "Streaming in Python", text: "How do I stream with Python?" },
  { label: "A table", text: "Make a table of the squares from 1 to 6." },
  {
    label: "A long answer",
    text: "Count from 1 to 200.",
    settings: { stop: [", 201"] }, // otherwise the model counts on to the token limit
  },
  CALL_A_TOOL,
  {
    label: "Reason first",
    text: "What is 11 + 24? /think",
    settings: { temperature: 0 }, // at the default temperature every fourth sum of this tiny model is wrong
  },
];

const OTHERS: readonly Suggestion[] = [
  { label: "Explain something", text: "Explain to a curious child how a rainbow forms." },
  {
    label: "Compare in a table",
    text: "Compare HTTP streaming, server-sent events and WebSockets in a table, with a sentence on when to use each.",
  },
  {
    label: "Write code",
    text: "Write a function in TypeScript that groups a list of words by their first letter, and show an example.",
  },
  {
    label: "A long story",
    text: "Tell a story of about 600 words about a lighthouse keeper who receives a letter from the future.",
  },
  CALL_A_TOOL,
  {
    label: "Plan a day",
    text: "I have one free day in a city I do not know. Ask me three questions, then plan my day.",
  },
];

/** @param modelId id on the server; null while it is unknown */
export function suggestionsFor(modelId: string | null): readonly Suggestion[] {
  return modelId === "builtin" ? BUILTIN : OTHERS;
}
