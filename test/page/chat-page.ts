// Actions and queries on the chat page.

import type { Page } from "playwright-core";
import type { ChatAnswer, Conversation } from "../../src/web/conversation/conversation.ts";
import { readConversations } from "./read-conversations.ts";

export async function ask(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.keyboard.press("Enter");
}

/** Fills fields of the settings panel and closes it. */
export async function set(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  await page.getByRole("button", { name: "Chat settings" }).click();
  const panel = page.getByRole("dialog");
  for (const [label, value] of Object.entries(fields)) await panel.getByLabel(label).fill(value);
  await page.getByRole("button", { name: "Close", exact: true }).click();
}

/** Opens a dialog of the menu "Developer tools". */
export async function openTool(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "Developer tools" }).click();
  await page.getByRole("menuitem", { name }).click();
}

export function lastAnswer(page: Page) {
  return page.getByRole("article", { name: "Answer" }).last();
}

/** Waits until the last answer is `done`, `stopped` or `failed`. */
export async function answered(page: Page, phase = "done", timeout = 30_000): Promise<void> {
  const selector = `.turn:last-child .answer[data-phase=${phase}]`;
  // Not a locator, because its wait may never end right after a reload.
  await page.waitForFunction((wanted) => document.querySelector(wanted) !== null, selector, {
    timeout,
    polling: 20, // a hidden tab has no frames
  });
}

/** The conversations that the browser has stored, newest first. */
async function stored(page: Page): Promise<readonly Conversation[]> {
  const conversations = await page.evaluate(readConversations);
  return conversations.sort((a, b) => b.updatedAtMs - a.updatedAtMs);
}

/** The stored last answer of the newest conversation. */
export async function storedAnswer(page: Page): Promise<ChatAnswer> {
  const [conversation] = await stored(page);
  const answer = conversation?.turns.findLast((turn) => turn.kind === "answer");
  if (answer?.kind !== "answer") throw new Error("no answer is stored");
  return answer;
}
