// The groups of the list of chats.

import { expect, test } from "vitest";
import { chatGroups } from "../../../../src/web/view/sidebar/chat-groups.ts";
import { conversation, question } from "../../conversation/samples.ts";

const NOW = new Date(2026, 2, 10, 0, 30); // half an hour after midnight
const chat = (id: string, date: Date, isPinned = false) =>
  conversation([question("A")], { id, updatedAtMs: date.getTime(), isPinned });

test("chats are grouped by the day of their last change, and pinned ones come first", () => {
  const groups = chatGroups(
    [
      chat("now", NOW),
      chat("before midnight", new Date(2026, 2, 9, 23, 59)),
      chat("start of yesterday", new Date(2026, 2, 9)),
      chat("two days ago", new Date(2026, 2, 8, 23)),
      chat("a week ago", new Date(2026, 2, 3)),
      chat("eight days ago", new Date(2026, 2, 2, 23)),
      chat("pinned", new Date(2026, 1, 28), true),
      chat("last year", new Date(2025, 11, 31)),
      chat("a year before that", new Date(2024, 11, 31)),
    ],
    NOW.getTime(),
  );

  expect(
    groups.map(({ name, conversations }) => [name, ...conversations.map(({ id }) => id)]),
  ).toEqual([
    ["Pinned", "pinned"],
    ["Today", "now"],
    ["Yesterday", "before midnight", "start of yesterday"],
    ["Previous 7 days", "two days ago", "a week ago"],
    ["March", "eight days ago"],
    ["December 2025", "last year"],
    ["December 2024", "a year before that"],
  ]);
});
