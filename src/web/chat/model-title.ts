// Asks the model for the title of a chat, once its first answer is complete.

import type { Server } from "../client/server.ts";
import type { Conversation } from "../conversation/conversation.ts";
import { derivedTitle } from "../conversation/edits.ts";
import { titleFrom } from "../conversation/title.ts";

/** Of the question and of the answer, what the model reads. */
const MOST_CHARS = 1_000;
const MAX_TOKENS = 24;
/** The request has low priority, so it may wait for others. */
const TIMEOUT_MS = 120_000;

/** Whether the chat has one complete answer, and still the title that was derived from its question. */
export function canBeNamed(conversation: Conversation): boolean {
  const [question, answer, ...others] = conversation.turns;
  return (
    question?.kind === "question" &&
    answer?.kind === "answer" &&
    answer.phase.type === "done" &&
    answer.text.trim() !== "" &&
    others.length === 0 &&
    conversation.title === derivedTitle(conversation)
  );
}

/**
 * @returns null if the model gave no text
 * @throws ServerError if the request failed
 */
export async function titleByModel(
  conversation: Conversation,
  server: Server,
): Promise<string | null> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const call = { method: "POST", body: titleBody(conversation), signal } as const;
  const response = await server.call("v1/chat/completions", call);
  const { choices } = (await response.json()) as TitleAnswer;
  return cleanTitle(choices[0]?.message.content ?? "");
}

function titleBody({ settings, turns }: Conversation) {
  const [question = "", answer = ""] = turns.map(({ text }) => text.slice(0, MOST_CHARS));
  const content = `${question}\n\n---\n\n${answer}\n\n---\n\nWrite a title of two to six words for this conversation. Reply with the title only.`;
  return {
    ...(settings.model === null ? {} : { model: settings.model }),
    messages: [{ role: "user", content }],
    max_tokens: MAX_TOKENS,
    temperature: 0.2,
    reasoning_effort: "none",
    service_tier: "flex",
  };
}

/** One line of at most 60 characters, without Markdown, quotes, a label or a full stop. */
function cleanTitle(text: string): string | null {
  const line = titleFrom(text.replace(/^\s*(?:\*\*)?title(?:\*\*)?\s*:(?:\*\*)?/i, ""));
  const title = line.replace(/^["'“”‘’«»„`\s]+|["'“”‘’«»`.\s]+$/g, "");
  return title === "" ? null : title;
}

/** The fields of a buffered answer that are used. */
type TitleAnswer = {
  readonly choices: readonly { readonly message: { readonly content?: string | null } }[];
};
