// The chat page in a real browser, with the built-in model: an answer from its first token to its end, whatever happens.

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM, type OpenedPage, openPage, startBrowser } from "../support/clients/browser.ts";
import { type CuttingProxy, startCuttingProxy } from "../support/clients/cutting-proxy.ts";
import { rawPost } from "../support/clients/raw-client.ts";
import { chat } from "../support/clients/sse-client.ts";
import { type RunningService, startWithModel, until } from "../support/start-service.ts";
import { answered, ask, keptAnswer, lastAnswer, set } from "./chat-page.ts";

describe.skipIf(CHROMIUM === null)("with the built-in model", () => {
  let browser: Browser;
  let running: RunningService;
  let proxy: CuttingProxy;
  let opened: OpenedPage;
  let page: Page;
  /** A long answer, always the same, and slow enough to do something meanwhile. */
  const COUNT = "Count from 1 to 1000";
  let expected: string;

  beforeAll(async () => {
    running = await startWithModel({ threads: 1, slots: 1, heartbeatMs: 300, restartDelayMs: 50 });
    proxy = await startCuttingProxy(running.url);
    browser = await startBrowser();
    expected = await askApi(COUNT);
  });
  afterEach(async () => {
    await page.context().close();
    await until(() => running.service.queue.inside === 0, "nothing is left");
  });
  afterAll(async () => {
    await browser?.close();
    proxy?.close();
    await running?.close();
  });

  async function askApi(content: string): Promise<string> {
    const body = { messages: [{ role: "user", content }], temperature: 0, max_tokens: 1500 };
    const response = await fetch(`${running.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as { choices: [{ message: { content: string } }] };
    return answer.choices[0].message.content;
  }

  async function open(url = running.url): Promise<void> {
    opened = await openPage({ browser, url });
    ({ page } = opened);
    await set(page, { Temperature: "0", "Max tokens": "1500" });
  }

  /** Until so much of it can be read. */
  async function read(characters: number): Promise<void> {
    await page.waitForFunction((most) => {
      const answer = [...document.querySelectorAll(".answer")].at(-1);
      return (answer?.textContent?.length ?? 0) > most;
    }, characters);
  }

  /** Until the line that says what an answer waits for has these words. */
  async function waitsFor(words: string): Promise<void> {
    await page.locator(".phase-line", { hasText: words }).waitFor();
  }

  test("streams it, shows its numbers, and has no complaints", async () => {
    await open();
    await ask(page, COUNT);
    await read(20);
    expect(await lastAnswer(page).getAttribute("data-phase")).toBe("writing");

    await answered(page);

    expect((await keptAnswer(page)).text).toBe(expected);
    const numbers = await lastAnswer(page).locator(".numbers").textContent();
    expect(numbers).toMatch(/Queue\d.*TTFT\d.*Speed\d.*tokens\/s.*In\d.*Cached\d.*Out\d/);
    expect(opened.complaints).toEqual([]);
    expect(opened.asked.every((url) => url.startsWith(running.url))).toBe(true);
  });

  test("stops at Escape, keeps what there is, and frees the slot at once", async () => {
    await open();
    await ask(page, COUNT);
    await read(20);

    await page.keyboard.press("Escape");
    await answered(page, "stopped");
    await until(() => running.service.queue.inside === 0, "its slot is free");

    const { text } = await keptAnswer(page);
    expect(text.length).toBeLessThan(expected.length);
    expect(expected.startsWith(text)).toBe(true);
  });

  test("goes on with what was stopped", async () => {
    await open();
    await ask(page, COUNT);
    await read(20);
    await page.getByRole("button", { name: "Stop the answer" }).click();
    await answered(page, "stopped");
    const { text: before } = await keptAnswer(page);

    await page.getByRole("button", { name: "Continue the answer" }).click();
    await answered(page);

    const { text } = await keptAnswer(page);
    expect(text.startsWith(before)).toBe(true);
    expect(text.length).toBeGreaterThan(before.length);
  });

  test("says where it stands in the queue, and begins when it is its turn", async () => {
    await open();
    const other = await rawPost(
      `${running.url}/v1/chat/completions`,
      chat({ stream: true, max_tokens: 3900, ignore_eos: true }),
    );
    await other.sees('"content":"');

    await ask(page, COUNT);
    await waitsFor("Next in the queue");
    other.socket.destroy();

    await answered(page);
    expect((await keptAnswer(page)).text).toBe(expected);
  });

  test("goes on by itself when the model's process dies", async () => {
    await open();
    await ask(page, COUNT);
    await read(20);

    process.kill(running.service.engine.status().workerPid ?? 0, "SIGKILL");
    await waitsFor("is started anew");

    await answered(page);
    expect((await keptAnswer(page)).text).toBe(expected);
  });

  test("comes back to it when the connection is cut, without a gap or a double", async () => {
    await open(proxy.url);
    await ask(page, COUNT);
    for (const characters of [20, 300, 900]) {
      await read(characters);
      proxy.cut();
    }

    await answered(page);
    expect((await keptAnswer(page)).text).toBe(expected);
  });

  test("takes three missed heartbeats for a lost connection", async () => {
    await open(proxy.url);
    await ask(page, COUNT);
    await read(20);

    proxy.hush();
    await waitsFor("Trying to come back");

    await answered(page);
    expect((await keptAnswer(page)).text).toBe(expected);
  });

  test("comes over a WebSocket too, and is come back to when that is cut", async () => {
    await open(proxy.url);
    await page.getByRole("button", { name: "Settings of this chat" }).click();
    await page.getByLabel("Connection").selectOption("websocket");
    await page.getByRole("button", { name: "Close", exact: true }).click();
    const sockets: string[] = [];
    page.on("websocket", (socket) => sockets.push(socket.url()));
    await ask(page, COUNT);
    await read(100);
    proxy.cut();

    await answered(page);

    expect((await keptAnswer(page)).text).toBe(expected);
    expect(sockets.length).toBeGreaterThan(1);
    expect(opened.asked.some((url) => url.endsWith("/v1/chat/completions"))).toBe(false);
  });

  test("comes back to it after a reload", async () => {
    await open();
    await ask(page, COUNT);
    await read(100);

    await page.reload();

    await answered(page);
    expect((await keptAnswer(page)).text).toBe(expected);
    await page.reload();
    expect(await lastAnswer(page).textContent()).toContain("299, 300");
  });
});
