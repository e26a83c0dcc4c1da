// The chat page for those who use a keyboard, a screen reader, dark colours or less motion.

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { CHROMIUM } from "../support/clients/browser.ts";
import { answered, ask, lastAnswer } from "./chat-page.ts";
import { fakeChat } from "./fake-chat.ts";

const SLOW = { texts: ["word "], tokens: 2000, tokenMs: 20 };
const FOCUSABLE = ["button", "link", "textbox", "combobox", "checkbox", "searchbox", "tab"];

describe.skipIf(CHROMIUM === null)("the chat page", () => {
  const chat = fakeChat();

  const question = (page: Page) => page.getByRole("textbox", { name: "Your question" });
  const focused = (page: Page) =>
    page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  const stop = async (page: Page) => {
    await page.keyboard.press("Escape");
    await answered(page, "stopped");
  };

  test("sends at Enter, breaks the line at Shift+Enter, and leaves Enter to input methods", async () => {
    const { page } = await chat.open();
    chat.says({ texts: ["Both lines"] });
    expect(await focused(page)).toBe("Your question");
    await page.keyboard.type("One");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("Two");
    const composing = { key: "Enter", isComposing: true, bubbles: true, cancelable: true };
    await question(page).dispatchEvent("keydown", composing);
    expect(await question(page).inputValue()).toBe("One\nTwo");

    await page.keyboard.press("Enter");

    await answered(page);
    expect(await page.locator(".question-text").textContent()).toBe("One\nTwo");
    expect(await question(page).inputValue()).toBe("");
  });

  test("lets one write on during an answer, and sends it after that", async () => {
    const { page } = await chat.open();
    chat.says(SLOW);
    await ask(page, "Go on");
    await lastAnswer(page).getByText("word word").waitFor();
    await page.keyboard.type("Next question");
    await page.keyboard.press("Enter");
    expect(await question(page).inputValue()).toBe("Next question");
    expect(await page.locator(".question").count()).toBe(1);
    await question(page).dispatchEvent("keydown", { key: "Escape", isComposing: true });
    expect(await lastAnswer(page).getAttribute("aria-busy")).toBe("true");

    await stop(page);
    chat.says({ texts: ["Done"] });
    await page.keyboard.press("Enter");
    await lastAnswer(page).getByText("Done").waitFor();
  });

  test("takes Escape for what is open first, gives the focus back, and stops the answer only then", async () => {
    const { page } = await chat.open();
    chat.says(SLOW);
    await ask(page, "Go on");
    const opened = ["Show request", "Compare streamed and buffered", "Settings of this chat"];
    for (const name of opened) {
      await page.getByRole("button", { name }).click();
      await page.getByRole("dialog").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      expect(await focused(page)).toBe(name);
    }
    await page.getByRole("button", { name: "More for Go on" }).click();
    await page.keyboard.press("Escape");
    expect(await page.getByRole("menu").count()).toBe(0);
    expect(await focused(page)).toBe("More for Go on");
    await page.getByRole("button", { name: "Edit the question" }).click();
    await page.keyboard.press("Escape");
    expect(await page.locator(".question-form").count()).toBe(0);
    expect(await lastAnswer(page).getAttribute("aria-busy")).toBe("true");

    await stop(page);
  });

  test("gives the focus back when a dialog is closed by its button, and shows where it is", async () => {
    const { page } = await chat.open();
    await page.getByRole("button", { name: "Show request" }).press("Enter");
    await page.getByRole("button", { name: "Close", exact: true }).press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await focused(page)).toBe("Show request");
    for (let presses = 0; presses < 8; presses++) {
      await page.keyboard.press("Tab");
      expect(await page.evaluate(focusMark), (await focused(page)) ?? "").not.toBe("none");
    }
  });

  test("has one heading above all, landmarks, and a name for everything one can reach", async () => {
    const { page } = await chat.open();
    chat.says({ texts: ["# Title\n\nText\n\n```js\n1\n```\n\n- [ ] a\n"] });
    await ask(page, "Structure?");
    await answered(page);
    const nameless = async () => {
      const session = await page.context().newCDPSession(page);
      const { nodes } = await session.send("Accessibility.getFullAXTree");
      return nodes
        .filter(({ ignored, role }) => !ignored && FOCUSABLE.includes(role?.value))
        .filter(({ name }) => !name?.value)
        .map(({ role }) => role?.value);
    };

    expect(await page.locator("h1").count()).toBe(1);
    for (const role of ["main", "navigation"] as const)
      expect(await page.getByRole(role).count(), role).toBe(1);
    expect(await nameless()).toEqual([]);
    for (const name of ["Settings of this chat", "Show request", "Compare streamed and buffered"]) {
      await page.getByRole("button", { name }).click();
      expect(await nameless(), name).toEqual([]);
      await page.keyboard.press("Escape");
    }
  });

  test("tells a screen reader the beginning and the end of an answer, and not every token", async () => {
    const { page } = await chat.open();
    chat.says({ texts: ["word "], tokens: 60, tokenMs: 10 });
    const said = await page.evaluateHandle(() => {
      const region = document.querySelector(".app > [role=status]");
      const texts: string[] = [];
      const note = () => texts.push(region?.textContent ?? "");
      if (region)
        new MutationObserver(note).observe(region, {
          childList: true,
          subtree: true,
          characterData: true,
        });
      return texts;
    });

    await ask(page, "Say something");
    await lastAnswer(page).getByText("word word").waitFor();
    expect(await lastAnswer(page).getAttribute("aria-busy")).toBe("true");
    await answered(page);

    expect(await lastAnswer(page).getAttribute("aria-busy")).toBe("false");
    const texts = await said.jsonValue();
    expect(texts).toContain("The answer is being written.");
    expect(texts.at(-1)).toMatch(/^Answer: word word/);
    expect(texts.length).toBeLessThan(6);
  });

  test("is light or dark as the system has it, or as one wishes", async () => {
    const { page } = await chat.open({ colorScheme: "dark" });
    const isDark = () => page.evaluate(isBodyDark);
    const toggle = () => page.getByRole("button", { name: /^Colours/ }).click();
    expect(await isDark()).toBe(true);
    await page.emulateMedia({ colorScheme: "light" });
    expect(await isDark()).toBe(false);
    await page.emulateMedia({ colorScheme: "dark" });
    await toggle();
    expect(await isDark()).toBe(false);
    await page.reload();
    await page.getByRole("button", { name: /^Colours: light/ }).waitFor();
    expect(await isDark()).toBe(false);
    await page.emulateMedia({ colorScheme: "light" });
    await toggle();
    expect(await isDark()).toBe(true);
    await toggle();
    expect(await isDark()).toBe(false);
  });

  test.each([
    ["moves nothing for those who want less motion", { reducedMotion: "reduce" }, 0],
    ["moves something for the others", {}, 1],
  ] as const)("%s", async (_, options, least) => {
    const { page } = await chat.open(options);
    chat.says({ ...SLOW, prefillMs: 300 });
    await ask(page, "Move");
    await page.locator(".phase-line .pulse").waitFor();
    const moving = () => page.evaluate(() => document.getAnimations().length);
    expect(Math.min(await moving(), 1)).toBe(least);
    await lastAnswer(page).getByText("word word").waitFor();
    expect(Math.min(await moving(), 1)).toBe(least);
    await stop(page);
  });
});

/** How the focused element, or the box around it, differs: `none` if it does not. */
function focusMark(): string {
  const element = document.activeElement;
  if (!element || element === document.body) return "the page's own end";
  const { outlineStyle } = getComputedStyle(element);
  const box = element.closest(".composer-box, .search");
  return box ? getComputedStyle(box).borderTopColor : outlineStyle;
}

function isBodyDark(): boolean {
  const colour = getComputedStyle(document.body).backgroundColor;
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return red + green + blue < 3 * 100;
}
