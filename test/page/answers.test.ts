// An answer on the chat page from its first token to its end: stopped, continued, waiting, and over broken connections.

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type OpenedPage, openPage } from "../support/clients/browser.ts";
import { type CuttingProxy, startCuttingProxy } from "../support/clients/cutting-proxy.ts";
import { rawPost } from "../support/clients/raw-client.ts";
import { chat as chatBody } from "../support/clients/sse-client.ts";
import { type RunningService, startWithModel, until } from "../support/start-service.ts";
import { answered, ask, lastAnswer, set, storedAnswer } from "./chat-page.ts";
import { connectBrowser, fakeChat, HAS_BROWSER } from "./fake-chat.ts";

/** Waits until the last answer shows more than this many characters. */
async function read(page: Page, characters: number): Promise<void> {
  await page.waitForFunction((length) => {
    const answer = [...document.querySelectorAll(".answer .markdown")].at(-1);
    return (answer?.textContent?.length ?? 0) > length;
  }, characters);
}

/** Waits until the line with the state of the answer contains this text. */
async function showsPhase(page: Page, text: string): Promise<void> {
  await page.locator(".phase-line", { hasText: text }).waitFor();
}

describe.skipIf(!HAS_BROWSER)("an answer", () => {
  const chat = fakeChat({ slots: 1, heartbeatMs: 200 });
  const texts = Array.from({ length: 100 }, (_, index) => `${index} `);
  const expected = texts.join("");
  let proxy: CuttingProxy;
  beforeAll(async () => {
    proxy = await startCuttingProxy(chat.url);
  });
  afterAll(() => proxy?.close());

  /** Opens the page and starts an answer that stops after 60 of its texts. */
  async function begin(url = chat.url): Promise<OpenedPage & { readonly goOn: () => void }> {
    const opened = await chat.open({ url });
    const goOn = chat.saysFirst(60, texts);
    await ask(opened.page, "Count");
    return { ...opened, goOn };
  }

  test("stopped by Escape keeps its text and frees the slot at once", async () => {
    const { page } = await begin();
    await read(page, 20);
    expect(await lastAnswer(page).getAttribute("data-phase")).toBe("writing");

    await page.keyboard.press("Escape");
    await answered(page, "stopped");
    await until(() => chat.service.queue.inside === 0, "its slot is free");

    const { text } = await storedAnswer(page);
    expect(text.length).toBeLessThan(expected.length);
    expect(expected.startsWith(text)).toBe(true);
  });

  test("shows its position in the queue, and starts when the slot is free", async () => {
    const { page } = await chat.open();
    chat.says({ texts, tokenMs: 50, tokens: Number.POSITIVE_INFINITY });
    const other = await rawPost(`${chat.url}/v1/chat/completions`, chatBody({ stream: true }));
    await other.sees('"content":"');

    await ask(page, "Count");
    await showsPhase(page, "Next in the queue");
    chat.says({ texts });
    other.socket.destroy();

    await answered(page);
    expect((await storedAnswer(page)).text).toBe(expected);
  });

  test("reconnects after cut connections, without gaps or repeated text", async () => {
    const { page, goOn } = await begin(proxy.url);
    for (const characters of [20, 80, 150]) {
      await read(page, characters);
      proxy.cut();
    }
    goOn();

    await answered(page);
    expect((await storedAnswer(page)).text).toBe(expected);
  });

  test("treats three missed heartbeats as a lost connection", async () => {
    const { page } = await chat.open({ url: proxy.url });
    proxy.cut(); // closes idle connections, which the page would try one by one after the silence
    const goOn = chat.saysFirst(60, texts);
    await ask(page, "Count");
    await read(page, 20);

    proxy.hush();
    await showsPhase(page, "Reconnecting");
    goOn();

    await answered(page);
    expect((await storedAnswer(page)).text).toBe(expected);
  });

  test("can use a WebSocket, and reconnects when that is cut", async () => {
    const { page, asked } = await chat.open({ url: proxy.url });
    await page.getByRole("button", { name: "Chat settings" }).click();
    await page.getByLabel("Connection").selectOption("websocket");
    await page.getByRole("button", { name: "Close", exact: true }).click();
    const sockets: string[] = [];
    page.on("websocket", (socket) => sockets.push(socket.url()));
    const goOn = chat.saysFirst(60, texts);
    await ask(page, "Count");
    await read(page, 80);
    proxy.cut();
    goOn();

    await answered(page);

    expect((await storedAnswer(page)).text).toBe(expected);
    expect(sockets.length).toBeGreaterThan(1);
    expect(asked.some((url) => url.endsWith("/v1/chat/completions"))).toBe(false);
  });

  test("continues after a reload, and is shown after another one", async () => {
    const { page, goOn } = await begin();
    await read(page, 80);

    await page.reload();
    goOn();

    await answered(page);
    expect((await storedAnswer(page)).text).toBe(expected);
    await page.reload();
    expect(await lastAnswer(page).textContent()).toContain("98 99");
  });
});

describe.skipIf(!HAS_BROWSER)("an answer of the built-in model", () => {
  let browser: Browser;
  let running: RunningService;
  let opened: OpenedPage;
  let page: Page;
  const QUESTION = "Count from 1 to 1000";
  const MAX_TOKENS = 700;
  let expected: string;

  beforeAll(async () => {
    running = await startWithModel({ threads: 1, slots: 1, restartDelayMs: 50 });
    browser = await connectBrowser();
    const response = await fetch(`${running.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        messages: [{ role: "user", content: QUESTION }],
        temperature: 0,
        max_tokens: MAX_TOKENS,
      }),
    });
    const answer = (await response.json()) as { choices: [{ message: { content: string } }] };
    expected = answer.choices[0].message.content;
    opened = await openPage({ browser, url: running.url });
    ({ page } = opened);
    await set(page, { Temperature: "0", "Max tokens": `${MAX_TOKENS}` });
  });
  afterAll(async () => {
    await browser?.close();
    await running?.close();
  });

  test("streams and shows its statistics, and the console has no errors", async () => {
    await ask(page, QUESTION);
    await answered(page);

    expect((await storedAnswer(page)).text).toBe(expected);
    const statistics = await lastAnswer(page).locator(".statistics").textContent();
    expect(statistics).toMatch(/TTFT \d.*\d tokens\/s.*Queue\d.*In\d.*Cached\d.*Out\d.*Total\d/);
    expect(opened.complaints).toEqual([]);
    expect(opened.asked.every((url) => url.startsWith(running.url))).toBe(true);
  });

  test("can be continued after it was stopped", async () => {
    await page.getByRole("button", { name: "Regenerate" }).click();
    await read(page, 20);
    await page.getByRole("button", { name: "Stop generating" }).click();
    await answered(page, "stopped");
    const { text: before } = await storedAnswer(page);

    await page.getByRole("button", { name: "Continue generating" }).click();
    await answered(page);

    const { text } = await storedAnswer(page);
    expect(text.startsWith(before)).toBe(true);
    expect(text.length).toBeGreaterThan(before.length);
  });

  test("continues by itself after a crash of the model process", async () => {
    await page.getByRole("button", { name: "Regenerate" }).click();
    await read(page, 20);

    const workerPid = () => running.service.engine.status().workerPid ?? 0;
    const first = workerPid();
    process.kill(first, "SIGKILL");
    await until(() => ![0, first].includes(workerPid()), "the next process has started");
    const second = workerPid();
    process.kill(second, "SIGSTOP"); // it would be ready before the server tells the page, which it does once a second
    await showsPhase(page, "is restarting");
    process.kill(second, "SIGCONT");

    await answered(page);
    expect((await storedAnswer(page)).text).toBe(expected);
  });
});
