// The list of screenshots: the server behind each, and the actions on the page before it is taken.

import type { Page } from "playwright-core";
import { answered, ask, lastAnswer, openTool, set } from "../../test/page/chat-page.ts";
import type { ServerName } from "./servers.ts";

export type Picture = {
  /** File name without the extension. */
  readonly name: string;
  readonly shows: string;
  readonly server: ServerName;
  readonly isPhone?: boolean;
  readonly colorScheme?: "light" | "dark";
  readonly arrange: (page: Page) => Promise<void>;
};

const QUESTION = "What does streaming change, and how do I read a stream?";
const CALL = { name: "Call of get_weather" } as const;

export const PICTURES: readonly Picture[] = [
  ...inBoth("empty", { shows: "an empty chat", server: "model", arrange: empty }),
  ...inBoth("answer", { shows: "an answer in Markdown", server: "markdown", arrange: answer }),
  ...inBoth("code", { shows: "the end of that answer", server: "markdown", arrange: answerEnd }),
  { name: "writing", shows: "a streaming answer", server: "writing", arrange: writing },
  { name: "reasoning-folded", shows: "folded reasoning", server: "model", arrange: reasoning },
  { name: "reasoning-open", shows: "open reasoning", server: "model", arrange: openReasoning },
  { name: "tool-call", shows: "a tool call without a result", server: "model", arrange: toolCall },
  { name: "queued", shows: "the position in the queue", server: "busy", arrange: queued },
  { name: "reading", shows: "the progress of a long prompt", server: "reading", arrange: reading },
  ...inBoth("failed", { shows: "a failed answer", server: "failing", arrange: failing }),
  ...inBoth("settings", { shows: "the chat settings", server: "markdown", arrange: settings }),
  { name: "request", shows: "the request as code", server: "markdown", arrange: request },
  { name: "compare", shows: "streamed beside buffered", server: "model", arrange: compare },
  ...onPhone("empty", { shows: "an empty chat on a phone", server: "model", arrange: nothing }),
  ...onPhone("answer", { shows: "an answer on a phone", server: "markdown", arrange: phoneAnswer }),
  ...onPhone("sidebar", { shows: "chats on a phone", server: "markdown", arrange: phoneSidebar }),
];

type Plain = Omit<Picture, "name" | "isPhone" | "colorScheme">;

function inBoth(name: string, picture: Plain): Picture[] {
  return [
    { name: `${name}-light`, ...picture },
    { name: `${name}-dark`, ...picture, colorScheme: "dark" },
  ];
}

function onPhone(name: string, picture: Plain): Picture[] {
  return [{ name: `phone-${name}`, ...picture, isPhone: true }];
}

async function nothing(): Promise<void> {}

async function empty(page: Page): Promise<void> {
  await page.locator(".suggestion").first().waitFor();
}

/** Earlier chats for the list. */
async function history(page: Page): Promise<void> {
  for (const question of ["Plan a weekend in Lisbon", "Why is the sky blue?"]) {
    await ask(page, question);
    await answered(page);
    await newChat(page);
  }
}

async function newChat(page: Page): Promise<void> {
  await page.getByRole("button", { name: "New chat" }).click();
}

async function answer(page: Page): Promise<void> {
  await answerEnd(page);
  await page.locator(".transcript").evaluate((element) => element.scrollTo(0, 0));
}

async function answerEnd(page: Page): Promise<void> {
  await history(page);
  await ask(page, QUESTION);
  await answered(page);
  await page.locator(".hljs-keyword").first().waitFor();
}

async function writing(page: Page): Promise<void> {
  await ask(page, QUESTION);
  await page.locator(".code-block", { hasText: "create(" }).waitFor();
}

async function reasoning(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Reason first" }).click();
  await answered(page);
}

async function openReasoning(page: Page): Promise<void> {
  await reasoning(page);
  await page.locator(".reasoning summary").click();
}

async function toolCall(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Call a tool" }).click();
  await answered(page);
  const result = page.getByRole("region", CALL).getByLabel("Tool result");
  await result.fill('{"temperature": 21, "sky": "clear"}');
}

async function queued(page: Page): Promise<void> {
  await ask(page, QUESTION);
  await page.locator(".phase-line", { hasText: "in the queue" }).waitFor();
}

async function reading(page: Page): Promise<void> {
  await ask(page, "Summarize this report in three sentences.");
  await page.locator(".phase-line progress").waitFor();
}

async function failing(page: Page): Promise<void> {
  await ask(page, QUESTION);
  await answered(page, "failed");
}

async function settings(page: Page): Promise<void> {
  await answer(page);
  await set(page, {
    "System prompt": "Answer briefly, and say so when you do not know.",
    Seed: "7",
  });
  await page.getByRole("button", { name: "Chat settings" }).click();
}

async function request(page: Page): Promise<void> {
  await answer(page);
  await openTool(page, "Show request");
}

async function compare(page: Page): Promise<void> {
  await openTool(page, "Compare streamed and buffered");
  await page.getByRole("button", { name: "Start both" }).click();
  await page.getByRole("button", { name: "Start both" }).waitFor();
}

async function phoneAnswer(page: Page): Promise<void> {
  await ask(page, QUESTION);
  await answered(page);
  await page.locator(".transcript").evaluate((element) => element.scrollTo(0, 0));
  await lastAnswer(page).locator("table").waitFor();
}

async function phoneSidebar(page: Page): Promise<void> {
  for (const question of ["Plan a weekend in Lisbon", "Why is the sky blue?", QUESTION]) {
    await ask(page, question);
    await answered(page);
    await page.getByRole("button", { name: "Show sidebar" }).click();
    if (question !== QUESTION) await newChat(page);
  }
}
