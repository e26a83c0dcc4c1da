// Conversations on the chat page: how they are found, changed, kept, given away and taken in.

import { readFile } from "node:fs/promises";
import type { Download, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { CHROMIUM } from "../support/clients/browser.ts";
import { answered, ask, keptAnswer, lastAnswer } from "./chat-page.ts";
import { fakeChat, lastMessages } from "./fake-chat.ts";

describe.skipIf(CHROMIUM === null)("conversations", () => {
  const chat = fakeChat();

  const newChat = (page: Page) => page.getByRole("button", { name: "New chat" }).click();
  const titles = (page: Page) => page.locator(".conversation-title").allTextContents();
  const open = (page: Page, title: string) =>
    page.locator(".conversation-open", { hasText: title }).click();

  /** Opens the page, and has a conversation for each of these questions, the last one newest. */
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
    await page.getByRole("button", { name: `More for ${title}` }).click();
    await page.getByRole("menuitem", { name: entry }).click();
  }

  async function downloaded(page: Page, title: string, entry: string): Promise<Download> {
    const download = page.waitForEvent("download");
    await choose(page, title, entry);
    return download;
  }

  const contentOf = async (download: Download) => readFile(await download.path(), "utf8");

  async function take(page: Page, text: string): Promise<void> {
    const choosing = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Import" }).click();
    const buffer = Buffer.from(text);
    await (await choosing).setFiles({ name: "a.json", mimeType: "application/json", buffer });
  }

  test("are named after their first question, and found by what was said in them", async () => {
    const page = await withQuestions("# The *first* one\nmore", "Second");
    expect(await titles(page)).toEqual(["Second", "The first one"]);
    expect(await page.title()).toBe("Second · Sluice");
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Second");

    const field = page.getByRole("searchbox");
    await field.fill("answer about # the");
    await page.locator(".conversation-note", { hasText: "An answer about" }).waitFor();
    expect(await titles(page)).toEqual(["The first one"]);
    await field.fill("nowhere to be found");
    await page.getByText("Nothing has these words").waitFor();
    await field.fill("");
    expect(await titles(page)).toHaveLength(2);
  });

  test("are renamed by Enter, left as they were by Escape, and are so after a reload", async () => {
    const page = await withQuestions("Old name");
    await choose(page, "Old name", "Rename");
    await page.getByRole("textbox", { name: "Title" }).fill("Never");
    await page.keyboard.press("Escape");
    expect(await titles(page)).toEqual(["Old name"]);

    await choose(page, "Old name", "Rename");
    await page.getByRole("textbox", { name: "Title" }).fill("New name");
    await page.keyboard.press("Enter");

    expect(await titles(page)).toEqual(["New name"]);
    await page.reload();
    await answered(page);
    expect(await titles(page)).toEqual(["New name"]);
  });

  test("are deleted one by one, and all together once that is confirmed", async () => {
    const page = await withQuestions("One", "Two", "Three");
    await choose(page, "Three", "Delete");
    expect(await titles(page)).toEqual(["Two", "One"]);
    await page.getByText("What would you like to know?").waitFor();

    await page.getByRole("button", { name: "Delete all" }).click();
    await page.getByRole("button", { name: "Keep them" }).click();
    expect(await titles(page)).toEqual(["Two", "One"]);
    await page.getByRole("button", { name: "Delete all" }).click();
    await page.getByRole("button", { name: "Delete all 2" }).click();

    await page.getByText("Your conversations are kept here").waitFor();
    await page.reload();
    await page.getByText("Your conversations are kept here").waitFor();
  });

  test("are given away as Markdown and as JSON, and taken in again from that", async () => {
    const page = await withQuestions("Give me away");
    const markdown = await downloaded(page, "Give me away", "Export as Markdown");
    expect(markdown.suggestedFilename()).toMatch(/give-me-away.*\.md$/i);
    expect(await contentOf(markdown)).toMatch(
      /## Question\s+Give me away[\s\S]*An answer about Give/,
    );
    const json = await downloaded(page, "Give me away", "Export as JSON");
    expect(json.suggestedFilename()).toMatch(/\.json$/);
    await choose(page, "Give me away", "Delete");

    await take(page, await contentOf(json));

    await page.getByText("1 conversation was added").waitFor();
    await open(page, "Give me away");
    expect(await lastAnswer(page).textContent()).toContain("An answer about Give me away");
    await take(page, await contentOf(json));
    await page.getByText("0 conversations were added").waitFor();
    await take(page, "[1, 2]");
    await page.getByText("has no conversations of this page").waitFor();
    expect(await titles(page)).toEqual(["Give me away"]);
  });

  test("go on from a question that is changed, and have its new answer instead of all that followed", async () => {
    const page = await withQuestions("What is two?");
    await ask(page, "And three?");
    await answered(page);
    await page.getByRole("article", { name: "You" }).first().hover();
    await page.getByRole("button", { name: "Edit the question" }).first().click();
    await page.getByRole("textbox", { name: "Question", exact: true }).fill("What is four?");
    chat.says({ texts: ["A square"] });
    await page.keyboard.press("Enter");

    await answered(page);
    expect(await page.getByRole("article").count()).toBe(2);
    expect(await lastAnswer(page).textContent()).toContain("A square");
    expect(lastMessages(chat.engine)).toMatchObject([{ content: "What is four?" }]);
    expect(await titles(page)).toEqual(["What is four?"]);
  });

  test("have another answer in the place of one that is asked for again", async () => {
    const page = await withQuestions("Again?");
    chat.says({ texts: ["Another one"] });
    await page.getByRole("button", { name: "Answer again" }).click();

    await lastAnswer(page).getByText("Another one").waitFor();
    await answered(page);
    expect(await page.getByRole("article").count()).toBe(2);
    expect(lastMessages(chat.engine)).toMatchObject([{ content: "Again?" }]);
  });

  test("are answered side by side while another one is looked at", async () => {
    const { page } = await chat.open();
    const texts = Array.from({ length: 40 }, (_, index) => `${index} `);
    chat.says({ texts, tokenMs: 25 });
    await ask(page, "Slowly");
    await lastAnswer(page).getByText("0 1").waitFor();
    await newChat(page);
    await ask(page, "The other one");
    await lastAnswer(page).getByText("0 1").waitFor();
    expect(chat.engine.running).toBe(2);
    expect(await page.locator(".conversation-note", { hasText: "answering" }).count()).toBe(2);

    await answered(page);
    await open(page, "Slowly");
    await answered(page);

    expect((await lastAnswer(page).locator(".markdown").textContent())?.trim()).toBe(
      texts.join("").trim(),
    );
    expect((await keptAnswer(page)).text).toBe(texts.join(""));
  });

  test("are the same in two tabs, whichever of them changes something", async () => {
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
    await page.getByText("Your conversations are kept here").waitFor();
  });

  test("can be stopped from a tab that only looks on", async () => {
    const page = await withQuestions("Watched");
    const other = await page.context().newPage();
    await other.goto(page.url());
    await answered(other);
    chat.says({ texts: ["on "], tokens: 2000, tokenMs: 20 });
    await ask(page, "And on?");
    await lastAnswer(other).getByText("on on on").waitFor();

    await other.getByRole("button", { name: "Stop the answer" }).click();

    await answered(page, "stopped");
    await answered(other, "stopped");
  });
});
