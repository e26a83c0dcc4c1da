// Long answers on the chat page: scrolling, fast streams, hidden tabs, and streams read by EventSource.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CuttingProxy, startCuttingProxy } from "../support/clients/cutting-proxy.ts";
import { answered, ask, set, storedAnswer } from "./chat-page.ts";
import { fakeChat, HAS_BROWSER } from "./fake-chat.ts";

const LINES = Array.from({ length: 2000 }, (_, index) => `Line ${index}.\n\n`);

/** About 800 tokens of mixed Markdown. */
const MIXED = Array.from({ length: 12 }, (_, index) => {
  const list = Array.from({ length: 8 }, (_, item) => `- item ${item} of a list\n`).join("");
  const code = Array.from({ length: 4 }, (_, line) => `const x${line} = 1;\n`).join("");
  return `## Part ${index}\n
Some **bold words** and \`code ${index}\`, with a [link](https://example.com/${index}) and *more*.\n
${list}\n\`\`\`ts\n${code}\`\`\`\n\n`.split(/(?<=\s)/);
}).flat();

describe.skipIf(!HAS_BROWSER)("a long answer", () => {
  const chat = fakeChat();

  const sees = (page: Page, text: string) =>
    page.waitForFunction((wanted) => document.body.textContent?.includes(wanted), text, {
      polling: 20, // a hidden tab has no frames
    });
  const toEnd = (page: Page) => page.getByRole("button", { name: "Scroll to bottom" });
  const scroll = (page: Page) =>
    page.locator(".transcript").evaluate(({ scrollTop, scrollHeight, clientHeight }) => ({
      top: scrollTop,
      height: scrollHeight,
      left: scrollHeight - scrollTop - clientHeight,
    }));
  /** Scrolls down. @returns the number of "Scroll to bottom" buttons */
  const downwards = async (page: Page) => {
    await page.mouse.wheel(0, 20_000);
    return toEnd(page).count();
  };
  const stop = async (page: Page) => {
    await page.keyboard.press("Escape");
    await answered(page, "stopped");
  };

  test("is followed until the user scrolls up, and again after the button or a scroll to the end", async () => {
    const { page } = await chat.open();
    chat.says({ texts: LINES, tokenMs: 10 });
    await ask(page, "Many lines");
    await sees(page, "Line 30.");
    expect((await scroll(page)).left).toBeLessThan(2);

    await page.mouse.move(700, 400);
    for (let step = 0; step < 3; step++) await page.mouse.wheel(0, -12);
    await toEnd(page).waitFor();
    const before = await scroll(page);
    await expect.poll(() => scroll(page)).toMatchObject({ top: before.top });
    await expect
      .poll(async () => (await scroll(page)).height, { timeout: 20_000 })
      .toBeGreaterThan(before.height + 300);
    expect((await scroll(page)).top).toBe(before.top);

    await toEnd(page).click();
    await toEnd(page).waitFor({ state: "detached" });
    expect((await scroll(page)).left).toBeLessThan(2);
    await page.mouse.move(700, 400); // away from the button
    await page.mouse.wheel(0, -2000);
    await toEnd(page).waitFor();
    await expect.poll(() => downwards(page), { timeout: 20_000 }).toBe(0);
    expect((await scroll(page)).left).toBeLessThan(2);
    await stop(page);
  });

  test("that was scrolled up does not hide the next question", async () => {
    const { page } = await chat.open();
    chat.says({ texts: LINES.slice(0, 100) });
    await ask(page, "Many lines");
    await answered(page);
    await page.mouse.move(700, 400);
    await page.mouse.wheel(0, -2000);
    await toEnd(page).waitFor();

    chat.says({ texts: ["Here below"] });
    await ask(page, "And now?");
    await answered(page);

    expect((await scroll(page)).left).toBeLessThan(2);
    expect(await toEnd(page).count()).toBe(0);
  });

  test("is complete, however fast it streams", async () => {
    const { page } = await chat.open();
    chat.says({ texts: MIXED });
    await set(page, { "Max tokens": "4000" });
    await ask(page, "Everything at once");
    await answered(page);

    expect((await storedAnswer(page)).text).toBe(MIXED.join(""));
    const shown = page.locator(".answer .markdown");
    expect(await shown.locator("h4").count()).toBe(12);
    expect(await shown.locator("li").count()).toBe(12 * 8);
    expect(await shown.locator("pre").count()).toBe(12);
  });

  test("that streamed in a hidden tab is complete and scrolled to its end when the tab is shown", async () => {
    const { page } = await chat.open({ prepare: (next) => next.addInitScript(hideable) });
    chat.says({ texts: LINES.slice(0, 100), tokenMs: 10 });
    const hide = (isHidden: boolean) =>
      page.evaluate((value) => dispatchEvent(new CustomEvent("hide", { detail: value })), isHidden);
    await ask(page, "Many lines");
    await sees(page, "Line 5.");
    await hide(true);
    await sees(page, "Line 50."); // a few times a second, without frames
    await answered(page);

    await hide(false);

    expect((await storedAnswer(page)).text).toBe(LINES.slice(0, 100).join(""));
    await page.waitForFunction(() => {
      const frame = document.querySelector(".transcript");
      return frame && frame.scrollHeight - frame.scrollTop - frame.clientHeight < 2;
    });
  });
});

describe.skipIf(!HAS_BROWSER)("a resumable stream", () => {
  const chat = fakeChat();
  let proxy: CuttingProxy;
  beforeAll(async () => {
    proxy = await startCuttingProxy(chat.url);
  });
  afterAll(() => proxy?.close());

  test("can be read by the browser's EventSource over a cut connection, with each event exactly once", async () => {
    const { page } = await chat.open({ url: proxy.url });
    const goOn = chat.saysFirst(20, LINES.slice(0, 60));
    await page.evaluate(readByEventSource);
    const heard = () => page.evaluate(() => (window as unknown as { heard: string[] }).heard);
    await page.waitForFunction(() =>
      (window as unknown as { heard: string[] }).heard.join("").includes("Line 5."),
    );
    proxy.cut();
    goOn();

    await page.waitForFunction(() => "isClosed" in window, undefined, { timeout: 30_000 });

    const events = await heard();
    const texts = events.slice(0, -1).map((data) => {
      const { choices } = JSON.parse(data) as { choices: [{ delta: { content?: string } }?] };
      return choices[0]?.delta.content ?? "";
    });
    expect(texts.join("")).toBe(LINES.slice(0, 60).join(""));
    expect(events.at(-1)).toBe("[DONE]");
  });
});

/** Runs in the page: makes the tab appear hidden or visible; a hidden one has no animation frames. */
function hideable(): void {
  let isHidden = false;
  let waiting: FrameRequestCallback[] = [];
  const frame = requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (run) => (isHidden ? waiting.push(run) : frame(run));
  Object.defineProperty(document, "hidden", { get: () => isHidden });
  Object.defineProperty(document, "visibilityState", {
    get: () => (isHidden ? "hidden" : "visible"),
  });
  addEventListener("hide", (event) => {
    isHidden = (event as CustomEvent<boolean>).detail;
    document.dispatchEvent(new Event("visibilitychange"));
    if (isHidden) return;
    for (const run of waiting) frame(run);
    waiting = [];
  });
}

/** Runs in the page: sends a request, drops its response, and reads the stream from its address. */
async function readByEventSource(): Promise<void> {
  const heard: string[] = [];
  Object.assign(window, { heard });
  const asking = new AbortController();
  const response = await fetch("v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", "x-resumable": "true" },
    body: JSON.stringify({ messages: [{ role: "user", content: "Count" }], stream: true }),
    signal: asking.signal,
  });
  const source = new EventSource(response.headers.get("location") ?? "");
  asking.abort();
  source.addEventListener("message", ({ data }) => heard.push(data));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) Object.assign(window, { isClosed: true });
  });
}
