// The list of screenshots: the server of each, and the steps on the page before it is taken.

import type { Page } from "playwright-core";
import { answered, ask, lastAnswer, set } from "../../test/page/chat-page.ts";
import type { ServerName } from "./servers.ts";

export type Picture = {
  /** File name without extension. */
  readonly name: string;
  readonly show: string;
  readonly server: ServerName;
  readonly isPhone?: boolean;
  readonly colorScheme?: "light" | "dark";
  readonly arrange: (page: Page) => Promise<void>;
};

const QUESTION = "What does streaming change, and how do I read a stream?";
const CALL = { name: "Call of get_weather" } as const;

export const PICTURES: readonly Picture[] = [
  ...inBoth("empty", { show: "a chat without a question", server: "model", arrange: empty }),
  ...inBoth("answer", { show: "an answer in Markdown", server: "markdown", arrange: answer }),
  ...inBoth("code", { show: "the end of that answer", server: "markdown", arrange: answerEnd }),
  { name: "writing", show: "an answer while it is written", server: "writing", arrange: writing },
  { name: "thoughts-folded", show: "reasoning, collapsed", server: "model", arrange: reasoning },
  { name: "thoughts-open", show: "reasoning, expanded", server: "model", arrange: openReasoning },
  {
    name: "tool-call",
    show: "a tool call waiting for its result",
    server: "model",
    arrange: toolCall,
  },
  { name: "queued", show: "the position in the queue", server: "busy", arrange: queued },
  { name: "reading", show: "a long prompt being read", server: "reading", arrange: reading },
  ...inBoth("failed", {
    show: "an answer that failed midway",
    server: "failing",
    arrange: failing,
  }),
  ...inBoth("settings", { show: "settings of the chat", server: "markdown", arrange: settings }),
  {
    name: "request",
    show: "the request for use in programs",
    server: "markdown",
    arrange: request,
  },
  { name: "compare", show: "streamed beside buffered", server: "model", arrange: compare },
  ...onPhone("empty", { show: "a phone, without a question", server: "model", arrange: nothing }),
  ...onPhone("answer", { show: "a phone, an answer", server: "markdown", arrange: phoneAnswer }),
  ...onPhone("sidebar", { show: "a phone, the chats", server: "markdown", arrange: phoneSidebar }),
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

/** Creates earlier chats for the list. */
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
  await page.getByRole("button", { name: "Think first" }).click();
  await answered(page);
}

async function openReasoning(page: Page): Promise<void> {
  await reasoning(page);
  await page.locator(".thoughts summary").click();
}

async function toolCall(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Call a tool" }).click();
  await answered(page);
  const result = page.getByRole("region", CALL).getByLabel("What the tool gives");
  await result.fill('{"temperature": 21, "sky": "clear"}');
}

async function queued(page: Page): Promise<void> {
  await ask(page, QUESTION);
  await page.locator(".phase-line", { hasText: "in the queue" }).waitFor();
}

async function reading(page: Page): Promise<void> {
  await ask(page, "Sum this report up in three sentences.");
  await page.locator(".phase-line progress").waitFor();
}

async function failing(page: Page): Promise<void> {
  await ask(page, QUESTION);
  await answered(page, "failed");
}

async function settings(page: Page): Promise<void> {
  await answer(page);
  await set(page, {
    "System prompt": "You answer briefly, and say when you do not know.",
    Seed: "7",
  });
  await page.getByRole("button", { name: "Settings of this chat" }).click();
}

async function request(page: Page): Promise<void> {
  await answer(page);
  await page.getByRole("button", { name: "Show request" }).click();
}

async function compare(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Compare streamed and buffered" }).click();
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
    await page.getByRole("button", { name: "Show the conversations" }).click();
    if (question !== QUESTION) await newChat(page);
  }
}
