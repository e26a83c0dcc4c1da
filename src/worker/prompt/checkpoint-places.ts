// Finds the places in a prompt at which a model with state saves it, so that later prompts can continue from there: where other
// conversations with the same system prompt differ, and where the next turn of this conversation may differ.

import { ServiceError } from "../../errors.ts";
import type { CheckpointPlaces, Message, Prompt } from "../../generation/request.ts";

type MessagesPrompt = Extract<Prompt, { type: "messages" }>;
type ReadTokens = (prompt: MessagesPrompt) => Promise<readonly number[]>;

/** The content of messages that stand for any other. Few texts start with it. */
const OTHER = "~";
const OTHER_QUESTION: Message = { role: "user", content: OTHER };
const OTHER_ANSWER: Message = {
  role: "assistant",
  content: OTHER,
  reasoning: null,
  toolCalls: [],
};

/**
 * Renders the system prompt and the last turn only, so the cost does not grow with the conversation.
 * @param tokens the prompt's tokens
 * @param read renders and tokenizes another prompt
 */
export async function checkpointPlaces(
  prompt: MessagesPrompt,
  tokens: readonly number[],
  read: ReadTokens,
): Promise<CheckpointPlaces> {
  const most = tokens.length - 1; // the last token is read after all checkpoints, because its logits are needed
  const find = async (place: Promise<number>) => Math.min(most, await orZero(place));
  return {
    system: await find(systemEnd(prompt, tokens, read)),
    turn: prompt.continuesLast ? 0 : await find(turnEnd(prompt, tokens, read)),
  };
}

async function systemEnd(prompt: MessagesPrompt, tokens: readonly number[], read: ReadTokens) {
  const end = prompt.messages.findIndex(({ role }) => role !== "system");
  const system = end < 0 ? prompt.messages : prompt.messages.slice(0, end);
  const messages = [...system, OTHER_QUESTION];
  return sharedLength(tokens, await read({ ...prompt, messages, continuesLast: false }));
}

/** The next turn has the answer, possibly without its reasoning, where this prompt has only the beginning of an answer. */
async function turnEnd(prompt: MessagesPrompt, tokens: readonly number[], read: ReadTokens) {
  const { messages } = prompt;
  const start = messages.findLastIndex(({ role }) => role === "user");
  const turn = messages.slice(Math.max(0, start));
  // After the result of a tool, the next request is most likely one of the same turn.
  const isAnswered = turn.length <= 1;
  const later = [...turn, OTHER_ANSWER, ...(isAnswered ? [OTHER_QUESTION] : [])];
  const now = await read({ ...prompt, messages: turn });
  const next = await read({ ...prompt, messages: later });
  const tail = now.slice(sharedLength(now, next));
  const place = tokens.length - tail.length;
  return tail.every((token, index) => token === tokens[place + index]) ? place : 0;
}

function sharedLength(a: readonly number[], b: readonly number[]): number {
  const different = a.findIndex((token, index) => token !== b[index]);
  return different < 0 ? a.length : different;
}

/** A template may reject messages that no client sent. */
async function orZero(place: Promise<number>): Promise<number> {
  try {
    return await place;
  } catch (error) {
    if (error instanceof ServiceError && error.code === "template_error") return 0;
    throw error;
  }
}
