// Queries on the turns of a conversation, for the store and the views.

import type { Server } from "../client/server.ts";
import type { ChatToolCall, Conversation } from "../conversation/conversation.ts";
import { omitOldest } from "../conversation/edits.ts";
import { requestBody } from "../conversation/request-body.ts";
import type { JsonObject } from "../conversation/typed-settings.ts";

/** Omits the oldest turns until the rest fits the context: as few as possible, but at least one. */
export async function trimmedToFit(
  conversation: Conversation,
  { server, tools }: { readonly server: Server; readonly tools: readonly JsonObject[] },
): Promise<Conversation> {
  let current = conversation;
  for (;;) {
    const shorter = omitOldest(current, 1);
    if (shorter === current) return current;
    current = shorter;
    if (await server.fits(requestBody(current, tools))) return current;
  }
}

/** Tool calls of the last answer that have no result yet. */
export function pendingToolCalls({ turns }: Conversation): readonly ChatToolCall[] {
  const index = turns.findLastIndex(({ kind }) => kind === "answer");
  const answer = turns[index];
  if (answer?.kind !== "answer") return [];
  const later = turns.slice(index + 1);
  const hasResult = (id: string) =>
    later.some((turn) => turn.kind === "tool-result" && turn.callId === id);
  return answer.calls.filter(({ id }) => !hasResult(id));
}
