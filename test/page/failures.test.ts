// Failed answers on the chat page: the explanation, the kept text, and the next steps. Also the API key.

import type { Page, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ServiceError } from "../../src/errors.ts";
import { type CuttingProxy, startCuttingProxy } from "../support/clients/cutting-proxy.ts";
import { until } from "../support/start-service.ts";
import { answered, ask, lastAnswer } from "./chat-page.ts";
import { fakeChat, HAS_BROWSER, lastMessages } from "./fake-chat.ts";

const COMPLETIONS = "**/v1/chat/completions";

describe.skipIf(!HAS_BROWSER)("a failed answer", () => {
  const chat = fakeChat();
  let proxy: CuttingProxy;
  beforeAll(async () => {
    proxy = await startCuttingProxy(chat.url);
  });
  afterAll(() => proxy?.close());

  const failure = (page: Page) => lastAnswer(page).getByRole("alert");
  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

  /** Answers the next request with an error. */
  async function refuse(page: Page, status: number, headers: Record<string, string> = {}) {
    const error = { message: `the server's message for ${status}`, code: "some_code", param: null };
    const json = { error };
    await page.route(COMPLETIONS, (route) => route.fulfill({ status, headers, json }), {
      times: 1,
    });
  }

  test("keeps its partial text and the reason, also after a reload, and can be continued", async () => {
    const { page } = await chat.open();
    const error = new ServiceError("generation_failed", "the decoder stumbled");
    chat.says({ texts: ["Half ", "of it"], tokens: 2, failure: { error, afterTokens: 2 } });
    await ask(page, "All of it");
    await answered(page, "failed");
    const shown = () => lastAnswer(page).textContent();
    const before = await shown();
    expect(before).toMatch(/^Half of itThe answer failedthe decoder stumbled/);
    await button(page, "Try again").waitFor();

    await page.reload();
    await answered(page, "failed");
    expect(await shown()).toBe(before);

    chat.says({ texts: [" and the rest"] });
    await button(page, "Continue").click();
    await answered(page);
    expect(await lastAnswer(page).locator(".markdown").textContent()).toBe(
      "Half of it and the rest",
    );
    expect(lastMessages(chat.engine).at(-1)).toMatchObject({ content: "Half of it" });
  });

  test("is requested again by a click", async () => {
    const { page } = await chat.open();
    await refuse(page, 500);
    chat.says({ texts: ["Now it works"] });
    await ask(page, "Does it work?");
    await answered(page, "failed");

    await button(page, "Try again").click();

    await answered(page);
    expect(await lastAnswer(page).locator(".markdown").textContent()).toBe("Now it works");
    expect(await page.getByRole("article").count()).toBe(2);
  });

  test("with status 413 explains that the conversation is too large", async () => {
    const { page } = await chat.open();
    await refuse(page, 413);
    await ask(page, "Hello");
    await failure(page).filter({ hasText: "too large to send" }).waitFor();
    expect(await failure(page).textContent()).toContain("the server's message for 413");
  });

  test.each([
    [429, "Too many requests"],
    [503, "The server is busy"],
  ])("with status %i can be retried after the time in Retry-After", async (status, title) => {
    const { page } = await chat.open();
    await refuse(page, status, { "retry-after": "300" });
    await ask(page, "Hello");

    await failure(page).filter({ hasText: title }).waitFor();
    const waiting = page.getByRole("button", { name: /^Try again in \d+ s$/ });
    expect(await waiting.isDisabled()).toBe(true);
    await page.evaluate(advanceClock, 300_000);
    await button(page, "Try again").waitFor();

    chat.says({ texts: ["Here I am"] });
    await button(page, "Try again").click();
    await answered(page);
  });

  test("reports an unreachable server, and the page recovers when the server is back", async () => {
    const { page } = await chat.open({ url: proxy.url });
    chat.says({ texts: ["Back"] });
    proxy.refuse = true;
    proxy.cut();

    await ask(page, "Hello?");
    await failure(page).filter({ hasText: "No connection" }).waitFor();
    const notice = page.locator(".notice.is-error", {
      hasText: "Cannot reach the server. Retrying",
    });
    await notice.waitFor();
    proxy.refuse = false;

    await notice.waitFor({ state: "detached" });
    await button(page, "Try again").click();
    await answered(page);
  });

  test("does not fail while the network is lost, and continues when it is back", async () => {
    const { page } = await chat.open({ url: proxy.url });
    const texts = Array.from({ length: 100 }, (_, index) => `${index} `);
    const goOn = chat.saysFirst(30, texts);
    await ask(page, "Count");
    await lastAnswer(page).getByText("0 1 2 3").waitFor();

    await page.context().setOffline(true);
    proxy.cut();
    await page.locator(".notice.is-error").waitFor();
    await page.locator(".phase-line", { hasText: "Connection lost" }).waitFor();
    await page.context().setOffline(false);
    goOn();

    await answered(page);
    expect(await lastAnswer(page).locator(".markdown").textContent()).toBe(texts.join("").trim());
  });
});

/** Runs in the page: moves its clock forward. */
function advanceClock(ms: number): void {
  const now = Date.now;
  Date.now = () => now() + ms;
}

describe.skipIf(!HAS_BROWSER)("the API key", () => {
  const KEY = "the-right-key";
  const chat = fakeChat({ apiKey: [KEY] });

  async function enter(page: Page, key: string, isRemembered = false): Promise<void> {
    const dialog = page.getByRole("dialog", { name: "API key" });
    await dialog.getByLabel("Key", { exact: true }).fill(key);
    if (isRemembered) await dialog.getByRole("checkbox").check();
    await page.keyboard.press("Enter");
  }

  const storages = (page: Page) =>
    page.evaluate(() => [JSON.stringify(sessionStorage), JSON.stringify(localStorage)]);

  test("is requested, a wrong one is reported, and the right one is kept only for the tab", async () => {
    const { page } = await chat.open();
    chat.says({ texts: ["Welcome"] });
    const dialog = page.getByRole("dialog", { name: "API key" });
    await dialog.waitFor();
    await page.keyboard.type("a-wrong-key"); // the field has the focus
    await page.keyboard.press("Enter");
    await dialog.getByText("rejected this key").waitFor();

    await enter(page, KEY);
    await dialog.waitFor({ state: "detached" });
    await ask(page, "May I?");
    await answered(page);

    const [session, local] = await storages(page);
    expect(session).toContain(KEY);
    expect(local).not.toContain(KEY);
  });

  test("is used in the next tab too if it is remembered", async () => {
    const { page } = await chat.open();
    await enter(page, KEY, true);
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const [session, local] = await storages(page);
    expect(session).not.toContain(KEY);
    expect(local).toContain(KEY);

    const other = await page.context().newPage();
    await other.goto(chat.url);
    await other.getByText("on your own machine").waitFor();
  });

  test("is requested again if it was revoked during a chat, and the question is then answered", async () => {
    const { page } = await chat.open({
      prepare: (next) =>
        next.addInitScript((key) => sessionStorage.setItem("sluice-api-key", key), KEY),
    });
    chat.says({ texts: ["Still here"] });
    await page.route(COMPLETIONS, (route) => route.fulfill({ status: 401, json: {} }), {
      times: 1,
    });

    await ask(page, "Are you there?");
    await enter(page, KEY);

    await answered(page);
    expect(await lastAnswer(page).textContent()).toContain("Still here");
  });

  test("is accepted while an older poll with a wrong one is still running", async () => {
    const { page } = await chat.open();
    const polls: Route[] = [];
    await page.route("**/v1/models", (route) => void polls.push(route));
    const dialog = page.getByRole("dialog");
    await until(() => polls.length === 1, "the first poll");
    await polls.shift()?.continue();
    await dialog.waitFor();
    await until(() => polls.length === 1, "the next poll, one second later");
    await enter(page, KEY);
    await until(() => polls.length === 2, "the poll with the key");

    const answer = page.waitForResponse("**/v1/models");
    await polls[0]?.continue();
    await answer;
    await polls[1]?.continue();

    await dialog.waitFor({ state: "detached" });
  });
});
