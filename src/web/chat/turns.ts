// Questions about a conversation that the store and the views have.

import { type Conversation, hasEnded, type ToolCall } from "../conversation/conversation.ts";
import { omitOldest } from "../conversation/edits.ts";
import { requestBody } from "../conversation/request-body.ts";
import type { Server } from "../server/server.ts";

/** The conversation without as many of its oldest turns as it takes; as few as possible, but at least one. */
export async function fitting(conversation: Conversation, server: Server): Promise<Conversation> {
  let left = conversation;
  for (;;) {
    const less = omitOldest(left, 1);
    if (less === left) return left;
    left = less;
    if (await server.fits(requestBody(left))) return left;
  }
}

/** Calls of the last answer that wait for a result. */
export function openCalls({ turns }: Conversation): readonly ToolCall[] {
  const place = turns.findLastIndex(({ kind }) => kind === "answer");
  const answer = turns[place];
  if (answer?.kind !== "answer") return [];
  const given = turns.slice(place + 1);
  const isGiven = (id: string) =>
    given.some((turn) => turn.kind === "tool-result" && turn.callId === id);
  return answer.calls.filter(({ id }) => !isGiven(id));
}

/** Of an answer that a reload cut off before its stream had an address. */
export const CUT_OFF = {
  ...{ status: null, code: "connection_lost", param: null, retryAtMs: null },
  message: "The page was closed before the answer had begun.",
};

export function isUnfinished({ turns }: Conversation): boolean {
  const last = turns.at(-1);
  return last?.kind === "answer" && !hasEnded(last);
}

export function sorted(conversations: readonly Conversation[]): readonly Conversation[] {
  return [...conversations].sort((a, b) => b.updatedAtMs - a.updatedAtMs);
}
