// Files of a message: attached, pasted and dropped, sent, and shown in the transcript. And drafts over a reload.

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { answered, ask, lastAnswer } from "./chat-page.ts";
import { fakeChat, HAS_BROWSER, lastMessages } from "./fake-chat.ts";
import { samplePdf } from "./sample-pdf.ts";

type Payload = { readonly name: string; readonly mimeType: string; readonly buffer: Buffer };

const HOSTILE = '```\n<img src=x onerror="alert(1)"><script>alert(2)</script>';

describe.skipIf(!HAS_BROWSER)("files of a message", () => {
  const chat = fakeChat();

  const field = (page: Page) => page.getByRole("textbox", { name: "Message" });
  const attached = (page: Page) =>
    page.locator(".composer").getByRole("list", { name: "Attached files" });
  const attach = async (page: Page, files: readonly Payload[]) => {
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Attach files" }).click();
    await (await chooser).setFiles([...files]);
  };
  const pdf = (name: string, pages: readonly string[]) => ({
    name,
    mimeType: "application/pdf",
    buffer: samplePdf(pages),
  });
  const send = async (page: Page) => {
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await answered(page);
  };

  test("the text of files and PDFs is sent with the message, and shown as plain text", async () => {
    const { page, complaints } = await chat.open();
    chat.says({ texts: ["Read"] });
    const text = { name: "notes.md", mimeType: "text/markdown", buffer: Buffer.from(HOSTILE) };
    await attach(page, [text, pdf("report.pdf", ["Page one of it", "Second page"])]);
    await field(page).fill("Summarize");
    await attached(page).getByText("report.pdf").waitFor();
    await attached(page).getByText("token").nth(1).waitFor();
    await send(page);

    expect(lastMessages(chat.engine).at(-1)?.content).toBe(
      `File: notes.md\n\`\`\`\`\n${HOSTILE}\n\`\`\`\`\n\nFile: report.pdf\n\`\`\`\n[Page 1]\nPage one of it\n\n[Page 2]\nSecond page\n\`\`\`\n\nSummarize`,
    );
    expect(await attached(page).count()).toBe(0);
    await page.locator(".question summary", { hasText: "notes.md" }).click();
    expect(await page.locator(".file-text pre").textContent()).toBe(HOSTILE);
    expect(complaints).toEqual([]);
  });

  test("a file that cannot be read is named with the reason", async () => {
    const { page } = await chat.open();
    const photo = { name: "photo.png", mimeType: "image/png", buffer: Buffer.of(0x89, 0x50) };
    const damaged = { name: "damaged.pdf", mimeType: "", buffer: Buffer.from("%PDF-1.4 nothing") };
    await attach(page, [photo, pdf("scan.pdf", [""]), damaged]);
    const alert = page.locator(".composer").getByRole("alert");
    await alert.getByText("damaged").waitFor();

    const problems = await alert.locator("p").allTextContents();
    expect(problems).toEqual([
      expect.stringMatching(/^“photo.png” was not attached: no loaded model takes images/),
      expect.stringMatching(/^“scan.pdf” was not attached: its pages have no text/),
      expect.stringMatching(/^“damaged.pdf” was not attached: it is damaged/),
    ]);
    await alert.getByRole("button", { name: "Dismiss" }).click();
    expect(await alert.count()).toBe(0);
  });

  test("a long pasted text and dropped files are attached", async () => {
    const { page } = await chat.open();
    await field(page).evaluate((element, text) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", text);
      const paste = { clipboardData, bubbles: true, cancelable: true };
      element.dispatchEvent(new ClipboardEvent("paste", paste));
    }, "word ".repeat(600));
    await attached(page).getByText("Pasted text").waitFor();
    const drag = (type: string) =>
      page.locator(".transcript, .empty-chat").evaluate((element, type) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(["dropped words"], "dropped.txt"));
        const drop = { dataTransfer, bubbles: true, cancelable: true };
        element.dispatchEvent(new DragEvent(type, drop));
      }, type);
    await drag("dragover");
    await page.getByText("Drop text files or PDFs").waitFor();
    await drag("drop");
    await attached(page).getByText("dropped.txt").waitFor();
    expect(await page.locator(".drop-target").count()).toBe(0);

    await page.getByRole("button", { name: "Remove dropped.txt" }).click();
    await page.getByRole("button", { name: "Put into message" }).click();
    expect(await attached(page).count()).toBe(0);
    expect(await field(page).inputValue()).toBe("word ".repeat(600));
  });

  test("a long question is folded", async () => {
    const { page } = await chat.open();
    chat.says({ texts: ["Read"] });
    await ask(page, "line\n".repeat(80));
    await answered(page);
    const height = () => page.locator(".question").evaluate(({ clientHeight }) => clientHeight);
    await page.getByRole("button", { name: "Show all" }).waitFor();
    expect(await height()).toBeLessThan(500);
    await page.getByRole("button", { name: "Show all" }).click();
    expect(await height()).toBeGreaterThan(1000);
    await page.getByRole("button", { name: "Show less" }).click();
    expect(await height()).toBeLessThan(500);
  });

  test("a draft survives a reload", async () => {
    const { page } = await chat.open();
    await field(page).fill("Half a sen");
    await page.reload();
    expect(await field(page).inputValue()).toBe("Half a sen");
  });

  test("Enter during an answer says why nothing is sent", async () => {
    const { page } = await chat.open();
    chat.says({ texts: ["word "], tokens: 2000, tokenMs: 20 });
    await ask(page, "Go on");
    await lastAnswer(page).getByText("word word").waitFor();
    await ask(page, "Next");
    await page.getByRole("status").getByText("The answer is not complete").waitFor();
    await page.keyboard.press("Escape");
    await answered(page, "stopped");
    expect(await page.getByText("The answer is not complete").count()).toBe(0);
  });
});
