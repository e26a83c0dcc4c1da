// The chat page with a keyboard, a screen reader, dark colours and reduced motion.

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { answered, ask, lastAnswer, openTool } from "./chat-page.ts";
import { fakeChat, HAS_BROWSER } from "./fake-chat.ts";

const SLOW = { texts: ["word "], tokens: 2000, tokenMs: 20 };
const FOCUSABLE = ["button", "link", "textbox", "combobox", "checkbox", "searchbox", "tab"];

describe.skipIf(!HAS_BROWSER)("the chat page", () => {
  const chat = fakeChat();

  const question = (page: Page) => page.getByRole("textbox", { name: "Message" });
  const focused = (page: Page) =>
    page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  const stop = async (page: Page) => {
    await page.keyboard.press("Escape");
    await answered(page, "stopped");
  };

  test("sends on Enter, adds a line on Shift+Enter, and ignores Enter of input methods", async () => {
    const { page } = await chat.open();
    chat.says({ texts: ["Both lines"] });
    expect(await focused(page)).toBe("Message");
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

  test("accepts typing during an answer, and sends the text only afterwards", async () => {
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

  test("closes open dialogs on Escape and restores the focus, before Escape stops the answer", async () => {
    const { page } = await chat.open();
    chat.says(SLOW);
    await ask(page, "Go on");
    await openTool(page, "Show request");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await focused(page)).toBe("Developer tools");
    await page.getByRole("button", { name: "Options for Go on" }).click();
    await page.keyboard.press("Escape");
    expect(await page.getByRole("menu").count()).toBe(0);
    expect(await focused(page)).toBe("Options for Go on");
    await page.getByRole("button", { name: "Edit message" }).click();
    await page.keyboard.press("Escape");
    expect(await page.locator(".question-form").count()).toBe(0);
    expect(await lastAnswer(page).getAttribute("aria-busy")).toBe("true");

    await stop(page);
  });

  test("restores the focus when a dialog is closed by its button, and the focus is always visible", async () => {
    const { page } = await chat.open();
    await page.getByRole("button", { name: "Chat settings" }).press("Enter");
    await page.getByRole("button", { name: "Close", exact: true }).press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await focused(page)).toBe("Chat settings");
    for (let presses = 0; presses < 8; presses++) {
      await page.keyboard.press("Tab");
      expect(await page.evaluate(focusMark), (await focused(page)) ?? "").not.toBe("none");
    }
  });

  test("has shortcuts, and a list of them", async () => {
    const { page } = await chat.open();
    chat.says({ texts: ["An answer"] });
    await ask(page, "Anything?");
    await answered(page);
    await page.keyboard.press("Control+k");
    await page.locator(".search input:focus").waitFor();
    await page.keyboard.press("Shift+Escape");
    expect(await focused(page)).toBe("Message");
    await page.keyboard.press("Control+Shift+;");
    await page.getByRole("status").getByText("Answer copied").waitFor();
    await page.keyboard.type("What?");
    expect(await question(page).inputValue()).toBe("What?");
    await page.keyboard.press("Control+Shift+O");
    await page.getByText("What would you like to know?").waitFor();
    expect(await focused(page)).toBe("Message");

    await page.getByRole("button", { name: "Shortcuts" }).click();
    const list = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    expect(await list.textContent()).toContain("New chatCtrlShiftO");
    await page.keyboard.press("Escape");
    await list.waitFor({ state: "detached" });
  });

  test("has one top heading, landmarks, and a name for every focusable element", async () => {
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

    /** On a busy machine, a dialog is seen before it listens to keys. */
    const closeDialog = () =>
      expect
        .poll(async () => {
          await page.keyboard.press("Escape");
          return page.locator("dialog[open]").count();
        })
        .toBe(0);

    expect(await page.locator("h1").count()).toBe(1);
    for (const role of ["main", "navigation"] as const)
      expect(await page.getByRole(role).count(), role).toBe(1);
    expect(await nameless()).toEqual([]);
    await page.getByRole("button", { name: "Chat settings" }).click();
    expect(await nameless(), "Chat settings").toEqual([]);
    await closeDialog();
    for (const name of ["Show request", "Compare streamed and buffered"]) {
      await openTool(page, name);
      expect(await nameless(), name).toEqual([]);
      await closeDialog();
    }
  });

  test("announces the start and end of an answer to screen readers, but not every token", async () => {
    const { page } = await chat.open();
    const goOn = chat.saysFirst(10, Array<string>(100).fill("word "));
    const announced = await page.evaluateHandle(() => {
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
    goOn();
    await answered(page);

    expect(await lastAnswer(page).getAttribute("aria-busy")).toBe("false");
    const texts = await announced.jsonValue();
    expect(texts).toContain("Writing the answer.");
    expect(texts.at(-1)).toMatch(/^Answer: word word/);
    expect(texts.length).toBeLessThan(6);
  });

  test("follows the system's theme, or the user's choice", async () => {
    const { page } = await chat.open({ colorScheme: "dark" });
    const isDark = () => page.evaluate(isBodyDark);
    const toggle = () => page.getByRole("button", { name: /^Theme/ }).click();
    expect(await isDark()).toBe(true);
    await page.emulateMedia({ colorScheme: "light" });
    expect(await isDark()).toBe(false);
    await page.emulateMedia({ colorScheme: "dark" });
    await toggle();
    expect(await isDark()).toBe(false);
    await page.reload();
    await page.getByRole("button", { name: /^Theme: light/ }).waitFor();
    expect(await isDark()).toBe(false);
    await page.emulateMedia({ colorScheme: "light" });
    await toggle();
    expect(await isDark()).toBe(true);
    await toggle();
    expect(await isDark()).toBe(false);
  });

  test.each([
    ["has no animations with reduced motion", { reducedMotion: "reduce" }, false],
    ["has animations otherwise", {}, true],
  ] as const)("%s", async (_, options, expected) => {
    const { page } = await chat.open(options);
    const hasAnimations = () => page.evaluate(() => document.getAnimations().length > 0);
    chat.says({ prefillMs: 60_000 });
    await ask(page, "Wait");
    await page.locator(".phase-line .pulse").waitFor();
    expect(await hasAnimations()).toBe(expected);
    await stop(page);
    chat.says(SLOW);
    await ask(page, "Write");
    await lastAnswer(page).getByText("word word").waitFor();
    expect(await hasAnimations()).toBe(expected);
    await stop(page);
  });
});

/** The visible mark of the focused element or the box around it; `none` without one. */
function focusMark(): string {
  const element = document.activeElement;
  if (!element || element === document.body) return "the end of the page";
  const { outlineStyle } = getComputedStyle(element);
  const box = element.closest(".composer-box, .search");
  return box ? getComputedStyle(box).borderTopColor : outlineStyle;
}

function isBodyDark(): boolean {
  const colour = getComputedStyle(document.body).backgroundColor;
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return red + green + blue < 3 * 100;
}
