// Finds the places in a prompt at which a model with state saves it, so that later prompts can continue from there: where other
// conversations with the same system prompt differ, and where the next turn of this conversation may differ. A place is always
// just before a control token, because text has the same tokens there whatever follows.

import { ServiceError } from "../../errors.ts";
import type { Message, Prompt } from "../../generation/request.ts";
import type { PromptSegment } from "./template/prompt-fence.ts";

type MessagesPrompt = Extract<Prompt, { type: "messages" }>;

export type PlaceDeps = {
  readonly render: (prompt: MessagesPrompt) => Promise<readonly PromptSegment[]>;
  /** Matches any control token. */
  readonly controlTokens: RegExp;
};

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
 * Cuts a prompt at its places. Renders the system prompt and the last turn again, but not the conversation between them.
 * @param segments the rendered prompt
 * @returns three parts: up to the end of the system prompt, up to the end of the turn, and the rest
 */
export async function cutAtPlaces(
  prompt: MessagesPrompt,
  segments: readonly PromptSegment[],
  deps: PlaceDeps,
): Promise<readonly (readonly PromptSegment[])[]> {
  const text = textOf(segments);
  const system = await orZero(systemEnd(prompt, text, deps));
  const turn = prompt.continuesLast ? 0 : await orZero(turnEnd(prompt, text, deps));
  const starts = [...controlStarts(segments, deps.controlTokens)];
  const [systemPlace, turnPlace] = [system, turn].map(
    (end) => starts.findLast((start) => start <= end) ?? 0,
  ) as [number, number];
  const [first, rest] = cut(segments, systemPlace);
  return [first, ...cut(rest, Math.max(0, turnPlace - systemPlace))];
}

async function systemEnd(prompt: MessagesPrompt, text: string, { render }: PlaceDeps) {
  const end = prompt.messages.findIndex(({ role }) => role !== "system");
  const system = end < 0 ? prompt.messages : prompt.messages.slice(0, end);
  const messages = [...system, OTHER_QUESTION];
  return sharedLength(text, textOf(await render({ ...prompt, messages, continuesLast: false })));
}

/** The next turn has the answer, possibly without its reasoning, where this prompt has only the beginning of an answer. */
async function turnEnd(prompt: MessagesPrompt, text: string, { render }: PlaceDeps) {
  const { messages } = prompt;
  const start = messages.findLastIndex(({ role }) => role === "user");
  const turn = messages.slice(Math.max(0, start));
  // After the result of a tool, the next request is most likely one of the same turn.
  const isAnswered = turn.length <= 1;
  const later = [...turn, OTHER_ANSWER, ...(isAnswered ? [OTHER_QUESTION] : [])];
  const now = textOf(await render({ ...prompt, messages: turn }));
  const next = textOf(await render({ ...prompt, messages: later }));
  const tail = now.slice(sharedLength(now, next));
  return text.endsWith(tail) ? text.length - tail.length : 0;
}

/** Where the control tokens begin, in characters. */
function* controlStarts(segments: readonly PromptSegment[], controlTokens: RegExp) {
  let from = 0;
  for (const { text, isLiteral } of segments) {
    if (!isLiteral) for (const { index } of text.matchAll(controlTokens)) yield from + index;
    from += text.length;
  }
}

/** @returns the segments before and after a number of characters */
function cut(segments: readonly PromptSegment[], chars: number) {
  const before: PromptSegment[] = [];
  const after: PromptSegment[] = [];
  let left = chars;
  for (const segment of segments) {
    const { text } = segment;
    if (left > 0) before.push({ ...segment, text: text.slice(0, left) });
    if (left < text.length) after.push({ ...segment, text: text.slice(Math.max(0, left)) });
    left -= text.length;
  }
  return [before, after] as const;
}

function textOf(segments: readonly PromptSegment[]): string {
  return segments.map(({ text }) => text).join("");
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
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
