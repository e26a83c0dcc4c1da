// Long answers on the chat page: scrolling, speed, a tab that nobody looks at, and streams read by others.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM } from "../support/clients/browser.ts";
import { type CuttingProxy, startCuttingProxy } from "../support/clients/cutting-proxy.ts";
import { answered, ask, keptAnswer, set } from "./chat-page.ts";
import { fakeChat } from "./fake-chat.ts";

const LINES = Array.from({ length: 400 }, (_, index) => `Line ${index}.\n\n`);

/** About 3000 tokens of all that Markdown has. */
const MIXED = Array.from({ length: 40 }, (_, index) => [
  ..."## Part ".split(/(?= )/),
  `${index}\n\n`,
  ...`Some **bold words** and \`code ${index}\`, with a [link](https://example.com/${index}) and *more*.\n\n`.split(
    /(?= )/,
  ),
  ...Array.from({ length: 8 }, (_, item) => [`- item `, `${item} `, "of ", "a ", "list\n"]).flat(),
  "\n```ts\n",
  ...Array.from({ length: 4 }, (_, line) => ["const ", `x${line} `, "= ", "1;\n"]).flat(),
  "```\n\n",
]).flat();

describe.skipIf(CHROMIUM === null)("a long answer", () => {
  const chat = fakeChat();

  const sees = (page: Page, text: string) =>
    page.waitForFunction((wanted) => document.body.textContent?.includes(wanted), text, {
      polling: 20, // a hidden tab has no frames
    });
  const toEnd = (page: Page) => page.getByRole("button", { name: "Go to the end" });
  const place = (page: Page) =>
    page.locator(".transcript").evaluate(({ scrollTop, scrollHeight, clientHeight }) => ({
      ...{ top: scrollTop, height: scrollHeight, left: scrollHeight - scrollTop - clientHeight },
    }));
  /** Scrolls on. @returns how many buttons lead to the end */
  const downwards = async (page: Page) => {
    await page.mouse.wheel(0, 20_000);
    return toEnd(page).count();
  };
  const stop = async (page: Page) => {
    await page.keyboard.press("Escape");
    await answered(page, "stopped");
  };

  test("is followed to its end, until its reader scrolls up a little, and again from the button on", async () => {
    const { page } = await chat.open();
    chat.says({ texts: LINES, tokenMs: 25 });
    await ask(page, "Many lines");
    await sees(page, "Line 30.");
    expect((await place(page)).left).toBeLessThan(2);

    await page.mouse.move(700, 400);
    for (let step = 0; step < 3; step++) await page.mouse.wheel(0, -12);
    await toEnd(page).waitFor();
    const before = await place(page);
    await sees(page, "Line 60.");
    const after = await place(page);
    expect(after.height).toBeGreaterThan(before.height + 300);
    expect(after.top).toBe(before.top);

    await toEnd(page).click();
    await toEnd(page).waitFor({ state: "detached" });
    await sees(page, "Line 75.");
    expect((await place(page)).left).toBeLessThan(2);
    await page.mouse.move(700, 400); // beside the button
    await page.mouse.wheel(0, -2000);
    await toEnd(page).waitFor();
    await expect.poll(() => downwards(page)).toBe(0);
    await sees(page, "Line 120.");
    expect((await place(page)).left).toBeLessThan(2);
    await stop(page);
  });

  test("does not keep the next question from being seen", async () => {
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

    expect((await place(page)).left).toBeLessThan(2);
    expect(await toEnd(page).count()).toBe(0);
  });

  test("leaves the page its time, however fast it comes", async () => {
    const { page } = await chat.open({
      prepare: (next) =>
        next.addInitScript(() => {
          const tasks: number[] = [];
          Object.assign(window, { tasks });
          const note = ({ duration }: PerformanceEntry) => tasks.push(Math.round(duration));
          new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({
            type: "longtask",
          });
        }),
    });
    chat.says({ texts: MIXED, tokenMs: 1 });
    await set(page, { "Max tokens": "4000" });
    await ask(page, "Everything at once");
    await answered(page, "done", 40_000);

    expect((await keptAnswer(page)).text).toBe(MIXED.join(""));
    const tasks = await page.evaluate(() => (window as unknown as { tasks: number[] }).tasks);
    console.info(`long tasks in ms: ${tasks.map(Math.round).join(", ") || "none"}`); // how long says the machine, not a test
  });

  test("is whole when its tab comes back into sight", async () => {
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

    expect((await keptAnswer(page)).text).toBe(LINES.slice(0, 100).join(""));
    await page.waitForFunction(() => {
      const frame = document.querySelector(".transcript");
      return frame && frame.scrollHeight - frame.scrollTop - frame.clientHeight < 2;
    });
  });
});

describe.skipIf(CHROMIUM === null)("a resumable stream", () => {
  const chat = fakeChat();
  let proxy: CuttingProxy;
  beforeAll(async () => {
    proxy = await startCuttingProxy(chat.url);
  });
  afterAll(() => proxy?.close());

  test("is read by a browser's own EventSource over cut connections, each event once, to its end", async () => {
    const { page } = await chat.open({ url: proxy.url });
    chat.says({ texts: LINES.slice(0, 60), tokenMs: 25 });
    await page.evaluate(readByEventSource);
    const heard = () => page.evaluate(() => (window as unknown as { heard: string[] }).heard);
    await page.waitForFunction(() =>
      (window as unknown as { heard: string[] }).heard.join("").includes("Line 5."),
    );
    proxy.cut();

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

/** In the page: a tab that can be hidden, and then has no frames any more. */
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

/** In the page: asks, leaves that response, and listens to the stream at its address. */
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
