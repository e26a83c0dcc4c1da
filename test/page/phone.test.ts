// The chat page on a phone: nothing is wider than the screen, and buttons are large enough to tap.

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { answered, lastAnswer, openTool } from "./chat-page.ts";
import { fakeChat, HAS_BROWSER } from "./fake-chat.ts";

const MIN_PX = 40;
const WIDE = `| ${"a wide column | ".repeat(12)}\n| ${"--- | ".repeat(12)}\n| ${"cell | ".repeat(12)}

\`\`\`
${"a long line of code ".repeat(20)}
\`\`\`

${"longword".repeat(40)} and https://example.com/${"path/".repeat(40)}
`;

describe.skipIf(!HAS_BROWSER)("on a phone", () => {
  const chat = fakeChat();

  const send = (page: Page) => page.getByRole("button", { name: "Send", exact: true });
  const tapQuestion = async (page: Page, text: string) => {
    await page.getByRole("textbox", { name: "Message" }).fill(text);
    await send(page).tap();
  };
  const overhang = (page: Page) =>
    page.evaluate(() =>
      [...document.querySelectorAll("html, .main, .header, .transcript, .dialog, .composer")]
        .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
        .map(({ className, tagName }) => className || tagName),
    );

  test("nothing is wider than the screen, with any answer and in every dialog", async () => {
    const { page } = await chat.open({ isPhone: true });
    expect(await overhang(page)).toEqual([]);
    chat.says({ texts: [WIDE] });
    await tapQuestion(page, `Wide? ${"question".repeat(30)}`);
    await answered(page);
    expect(await overhang(page)).toEqual([]);
    const closes = async (name: string) => {
      expect(await overhang(page), name).toEqual([]);
      await page.getByRole("button", { name: "Close", exact: true }).tap();
    };
    await page.getByRole("button", { name: "Chat settings" }).tap();
    await closes("Chat settings");
    for (const name of ["Show request", "Compare streamed and buffered"]) {
      await openTool(page, name);
      await closes(name);
    }
  });

  test("a tap sends a question and stops an answer", async () => {
    const { page } = await chat.open({ isPhone: true });
    chat.says({ texts: ["word "], tokens: 2000, tokenMs: 20 });
    await tapQuestion(page, "Go on");
    await lastAnswer(page).getByText("word word").waitFor();

    await page.getByRole("button", { name: "Stop generating" }).tap();
    await answered(page, "stopped");
  });

  test("the sidebar opens over the page, and closes on a choice or a tap beside it", async () => {
    const { page } = await chat.open({ isPhone: true });
    chat.says({ texts: ["First"] });
    await tapQuestion(page, "One");
    await answered(page);
    const width = async () => (await page.locator(".main").boundingBox())?.width;
    const before = await width();
    const list = page.getByRole("navigation", { name: "Chats" });
    const show = page.getByRole("button", { name: "Show sidebar" });
    expect(await list.isVisible()).toBe(false);

    await show.tap();
    await list.waitFor();
    expect(await width()).toBe(before);
    await page.touchscreen.tap(380, 500);
    await list.waitFor({ state: "hidden" });
    await show.tap();
    await page.getByRole("button", { name: "New chat" }).tap();
    await list.waitFor({ state: "hidden" });
    await page.getByText("What would you like to know?").waitFor();
    await show.tap();
    await page.locator(".conversation-open").tap();
    await list.waitFor({ state: "hidden" });
    await lastAnswer(page).getByText("First").waitFor();
  });

  test("buttons are large enough to tap", async () => {
    const { page } = await chat.open({ isPhone: true });
    chat.says({ texts: ["A line\n\n"], tokens: 60 });
    await tapQuestion(page, "Many lines");
    await answered(page);
    await page.locator(".transcript").evaluate((frame) => {
      frame.scrollTop = 0;
    });
    await page.getByRole("button", { name: "Scroll to bottom" }).waitFor();
    const small = () =>
      page.locator("button:visible, select:visible").evaluateAll(tooSmall, MIN_PX);
    expect(await small()).toEqual([]);

    await page.getByRole("button", { name: "Show sidebar" }).tap();
    expect(await small()).toEqual([]);
  });
});

/** Ignores links within text, which are as high as a line. */
function tooSmall(buttons: readonly Element[], minPx: number): string[] {
  return buttons
    .filter((button) => !button.matches(".link, .turn-tools *"))
    .filter((button) => {
      const { width, height } = button.getBoundingClientRect();
      return Math.min(width, height) < minPx;
    })
    .map((button) => button.getAttribute("aria-label") ?? button.textContent ?? "");
}
