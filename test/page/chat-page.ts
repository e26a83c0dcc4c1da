// What a person does on the chat page, and what is looked at there.

import type { Page } from "playwright-core";
import type { ChatAnswer, Conversation } from "../../src/web/conversation/conversation.ts";
import { readConversations } from "./read-conversations.ts";

export async function ask(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Your question" }).fill(text);
  await page.keyboard.press("Enter");
}

/** Fills the form of the settings, and closes it. */
export async function set(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  await page.getByRole("button", { name: "Settings of this chat" }).click();
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
  await page.getByRole("button", { name: "Close", exact: true }).click();
}

/** The last answer, as an element. */
export function lastAnswer(page: Page) {
  return page.getByRole("article", { name: "Answer" }).last();
}

/** Waits until the last answer is there: as `done`, `stopped` or `failed`. */
export async function answered(page: Page, phase = "done", timeout = 20_000): Promise<void> {
  const selector = `.turn:last-child .answer[data-phase=${phase}]`;
  // Not as a locator: its wait may never end right after a reload.
  await page.waitForFunction((wanted) => document.querySelector(wanted) !== null, selector, {
    timeout,
    polling: 20, // a hidden tab has no frames
  });
}

/** What the browser keeps, newest first. */
async function kept(page: Page): Promise<readonly Conversation[]> {
  const conversations = await page.evaluate(readConversations);
  return conversations.sort((a, b) => b.updatedAtMs - a.updatedAtMs);
}

/** The last answer of the newest conversation, as the browser keeps it. */
export async function keptAnswer(page: Page): Promise<ChatAnswer> {
  const [conversation] = await kept(page);
  const answer = conversation?.turns.findLast((turn) => turn.kind === "answer");
  if (answer?.kind !== "answer") throw new Error("no answer is kept");
  return answer;
}
