// Groups the list of chats: pinned ones, then by the day of the last change.

import type { Conversation } from "../../conversation/conversation.ts";

export type ChatGroup = { readonly name: string; readonly conversations: readonly Conversation[] };

/** Of the days before yesterday, how many make the third group. */
const RECENT_DAYS = 7;

/**
 * @param conversations newest first; the order within a group stays
 * @returns the groups that have a chat
 */
export function chatGroups(conversations: readonly Conversation[], nowMs: number): ChatGroup[] {
  const days = [
    { name: "Today", sinceMs: dayStart(nowMs, 0) },
    { name: "Yesterday", sinceMs: dayStart(nowMs, 1) },
    { name: `Previous ${RECENT_DAYS} days`, sinceMs: dayStart(nowMs, RECENT_DAYS) },
  ];
  const groups = new Map<string, Conversation[]>([["Pinned", []]]); // pinned chats come first
  for (const conversation of conversations) {
    const { isPinned = false, updatedAtMs } = conversation;
    const day = days.find(({ sinceMs }) => updatedAtMs >= sinceMs);
    const name = isPinned ? "Pinned" : (day?.name ?? monthOf(updatedAtMs, nowMs));
    const group = groups.get(name);
    if (group) group.push(conversation);
    else groups.set(name, [conversation]);
  }
  return [...groups].flatMap(([name, members]) =>
    members.length === 0 ? [] : [{ name, conversations: members }],
  );
}

/** Midnight in the user's time zone, which is not always 24 hours before the next one. */
function dayStart(nowMs: number, daysAgo: number): number {
  const now = new Date(nowMs);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo).getTime();
}

/** With the year, unless it is this one. */
function monthOf(ms: number, nowMs: number): string {
  const date = new Date(ms);
  const year = date.getFullYear();
  const month = date.toLocaleString("en", { month: "long" });
  return year === new Date(nowMs).getFullYear() ? month : `${month} ${year}`;
}
