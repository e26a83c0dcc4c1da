// Conversations on the chat page: searching, editing, storing, exporting and importing them.

import { text as textOf } from "node:stream/consumers";
import type { Download, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { answered, ask, lastAnswer, storedAnswer } from "./chat-page.ts";
import { fakeChat, HAS_BROWSER, lastMessages } from "./fake-chat.ts";

describe.skipIf(!HAS_BROWSER)("conversations", () => {
  const chat = fakeChat();

  const newChat = (page: Page) => page.getByRole("button", { name: "New chat" }).click();
  const titles = (page: Page) => page.locator(".conversation-title").allTextContents();
  const open = (page: Page, title: string) =>
    page.locator(".conversation-open", { hasText: title }).click();

  /** Opens the page and starts a conversation with each question, the last one newest. */
  async function withQuestions(...questions: string[]): Promise<Page> {
    const { page } = await chat.open();
    for (const [index, question] of questions.entries()) {
      if (index > 0) await newChat(page);
      chat.says({ texts: [`An answer about ${question}`] });
      await ask(page, question);
      await answered(page);
    }
    return page;
  }

  async function choose(page: Page, title: string, entry: string): Promise<void> {
    await page.getByRole("button", { name: `Options for ${title}` }).click();
    await page.getByRole("menuitem", { name: entry }).click();
  }

  async function downloaded(page: Page, title: string, entry: string): Promise<Download> {
    const download = page.waitForEvent("download");
    await choose(page, title, entry);
    return download;
  }

  const contentOf = async (download: Download) => textOf(await download.createReadStream());

  async function importText(page: Page, text: string): Promise<void> {
    const choosing = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Import" }).click();
    const buffer = Buffer.from(text);
    await (await choosing).setFiles({ name: "a.json", mimeType: "application/json", buffer });
  }

  test("are named after their first question, and found by their text", async () => {
    const page = await withQuestions("# The *first* one\nmore", "Second");
    expect(await titles(page)).toEqual(["Second", "The first one"]);
    expect(await page.title()).toBe("Second · Sluice");
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Second");

    const field = page.getByRole("searchbox");
    await field.fill("answer about # the");
    await page.locator(".conversation-note", { hasText: "An answer about" }).waitFor();
    expect(await titles(page)).toEqual(["The first one"]);
    await field.fill("nowhere to be found");
    await page.getByText("No chats found").waitFor();
    await field.fill("");
    expect(await titles(page)).toHaveLength(2);
  });

  test("are renamed with Enter, not with Escape, in their place, and keep the name after a reload", async () => {
    const page = await withQuestions("Old name", "Newer");
    await choose(page, "Old name", "Rename");
    await page.getByRole("textbox", { name: "Title" }).fill("Never");
    await page.keyboard.press("Escape");
    expect(await titles(page)).toEqual(["Newer", "Old name"]);

    await choose(page, "Old name", "Rename");
    await page.keyboard.type("New name"); // replaces the old one, which is selected
    await page.keyboard.press("Enter");

    expect(await titles(page)).toEqual(["Newer", "New name"]);
    await choose(page, "New name", "Pin");
    await page.reload();
    await answered(page);
    expect(await titles(page)).toEqual(["New name", "Newer"]);
    expect(await page.locator(".conversations-name").allTextContents()).toEqual([
      "Pinned",
      "Today",
    ]);
  });

  test("are deleted one by one, or all together after a confirmation", async () => {
    const page = await withQuestions("One", "Two", "Three");
    await choose(page, "Three", "Delete");
    expect(await titles(page)).toEqual(["Two", "One"]);
    await page.getByText("What would you like to know?").waitFor();

    await page.getByRole("button", { name: "Delete all" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(await titles(page)).toEqual(["Two", "One"]);
    await page.getByRole("button", { name: "Delete all" }).click();
    await page.getByRole("button", { name: "Delete 2 chats" }).click();

    await page.getByText("Your chats appear here").waitFor();
    await page.reload();
    await page.getByText("Your chats appear here").waitFor();
  });

  test("are exported as Markdown and JSON, and imported from JSON", async () => {
    const page = await withQuestions("Export me");
    const markdown = await downloaded(page, "Export me", "Export as Markdown");
    expect(markdown.suggestedFilename()).toMatch(/export-me.*\.md$/i);
    expect(await contentOf(markdown)).toMatch(
      /## Question\s+Export me[\s\S]*An answer about Export/,
    );
    const download = await downloaded(page, "Export me", "Export as JSON");
    expect(download.suggestedFilename()).toMatch(/\.json$/);
    const json = await contentOf(download);
    await choose(page, "Export me", "Delete");

    await importText(page, json);

    await page.getByText("1 chat imported").waitFor();
    await open(page, "Export me");
    expect(await lastAnswer(page).textContent()).toContain("An answer about Export me");
    await importText(page, json);
    await page.getByText("0 chats imported").waitFor();
    await importText(page, "[1, 2]");
    await page.getByText("not a chat export").waitFor();
    expect(await titles(page)).toEqual(["Export me"]);
  });

  test("keep an edited question and its answers as a version, which a reload keeps too", async () => {
    const page = await withQuestions("What is two?");
    await ask(page, "And three?");
    await answered(page);
    await page.getByRole("article", { name: "You" }).first().hover();
    await page.getByRole("button", { name: "Edit message" }).first().click();
    const field = page.getByRole("textbox", { name: "Edited text" });
    await page.keyboard.type("!"); // the caret stands at the end
    expect(await field.inputValue()).toBe("What is two?!");
    await field.fill("What is four?");
    chat.says({ texts: ["A square"] });
    await page.keyboard.press("Enter");

    await answered(page);
    expect(await page.getByRole("article").count()).toBe(2);
    expect(await lastAnswer(page).textContent()).toContain("A square");
    expect(lastMessages(chat.engine)).toMatchObject([{ content: "What is four?" }]);
    expect(await titles(page)).toEqual(["What is four?"]);

    await page.getByRole("button", { name: "Previous version" }).focus();
    await page.keyboard.press("Enter");
    expect(await page.getByRole("article").count()).toBe(4);
    expect(await page.evaluate(() => document.activeElement?.ariaLabel)).toBe("Next version");
    await page.reload();
    await answered(page);
    expect(await page.getByRole("article").count()).toBe(4);
    await page.getByRole("group", { name: "Version 1 of 2" }).waitFor();
  });

  test("keep an answer that is regenerated, and show both versions in another tab", async () => {
    const page = await withQuestions("Again?");
    const other = await page.context().newPage();
    await other.goto(page.url());
    await answered(other);
    chat.says({ texts: ["Another one"] });
    await page.getByRole("button", { name: "Regenerate" }).click();

    await lastAnswer(page).getByText("Another one").waitFor();
    await answered(page);
    expect(await page.getByRole("article").count()).toBe(2);
    expect(lastMessages(chat.engine)).toMatchObject([{ content: "Again?" }]);
    await other.getByRole("button", { name: "Previous version" }).click();
    await lastAnswer(other).getByText("An answer about Again?").waitFor();
    await lastAnswer(page).getByText("An answer about Again?").waitFor();
  });

  test("are answered at the same time, whichever one is shown", async () => {
    const { page } = await chat.open();
    const texts = Array.from({ length: 100 }, (_, index) => `${index} `);
    const goOn = chat.saysFirst(10, texts);
    await ask(page, "Slowly");
    await lastAnswer(page).getByText("0 1").waitFor();
    await newChat(page);
    await ask(page, "The other one");
    await lastAnswer(page).getByText("0 1").waitFor();
    expect(chat.engine.running).toBe(2);
    expect(await page.locator(".conversation-note", { hasText: "Answering" }).count()).toBe(2);

    goOn();
    await answered(page);
    await open(page, "Slowly");
    await answered(page);

    expect((await lastAnswer(page).locator(".markdown").textContent())?.trim()).toBe(
      texts.join("").trim(),
    );
    expect((await storedAnswer(page)).text).toBe(texts.join(""));
  });

  test("are the same in two tabs, whichever of them changes them", async () => {
    const page = await withQuestions("Shared");
    const other = await page.context().newPage();
    await other.goto(page.url());
    await answered(other);

    await choose(page, "Shared", "Rename");
    await page.getByRole("textbox", { name: "Title" }).fill("Renamed there");
    await page.keyboard.press("Enter");
    await other.locator(".conversation-title", { hasText: "Renamed there" }).waitFor();
    chat.says({ texts: ["From the other tab"] });
    await ask(other, "More?");
    await lastAnswer(page).getByText("From the other tab").waitFor();
    await choose(other, "Renamed there", "Delete");
    await page.getByText("Your chats appear here").waitFor();
  });

  test("can be stopped from another tab than the one that asked", async () => {
    const page = await withQuestions("Watched");
    const other = await page.context().newPage();
    await other.goto(page.url());
    await answered(other);
    chat.says({ texts: ["on "], tokens: 2000, tokenMs: 20 });
    await ask(page, "And on?");
    await lastAnswer(other).getByText("on on on").waitFor();

    await other.getByRole("button", { name: "Stop generating" }).click();

    await answered(page, "stopped");
    await answered(other, "stopped");
  });
});
