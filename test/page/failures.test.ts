// When an answer fails on the chat page: what is said, what is kept, and the way on.

import type { Page, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ServiceError } from "../../src/errors.ts";
import { CHROMIUM } from "../support/clients/browser.ts";
import { type CuttingProxy, startCuttingProxy } from "../support/clients/cutting-proxy.ts";
import { until } from "../support/start-service.ts";
import { answered, ask, lastAnswer } from "./chat-page.ts";
import { fakeChat, lastMessages } from "./fake-chat.ts";

const COMPLETIONS = "**/v1/chat/completions";

describe.skipIf(CHROMIUM === null)("an answer that fails", () => {
  const chat = fakeChat();
  let proxy: CuttingProxy;
  beforeAll(async () => {
    proxy = await startCuttingProxy(chat.url);
  });
  afterAll(() => proxy?.close());

  const failure = (page: Page) => lastAnswer(page).getByRole("alert");
  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

  /** The next request gets this instead of an answer. */
  async function refuse(page: Page, status: number, headers: Record<string, string> = {}) {
    const error = { message: `says the server with ${status}`, code: "some_code", param: null };
    const json = { error };
    await page.route(COMPLETIONS, (route) => route.fulfill({ status, headers, json }), {
      times: 1,
    });
  }

  test("in its middle keeps what came and says why, also over a reload, and can be gone on with", async () => {
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

  test("is asked for again by a click", async () => {
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

  test("with 413 says that the conversation is too large", async () => {
    const { page } = await chat.open();
    await refuse(page, 413);
    await ask(page, "Hello");
    await failure(page).filter({ hasText: "too large to be sent" }).waitFor();
    expect(await failure(page).textContent()).toContain("says the server with 413");
  });

  test.each([
    [429, "Too many requests"],
    [503, "The server cannot take it now"],
  ])("with %i waits as long as it was told, and lets one try again then", async (status, title) => {
    const { page } = await chat.open();
    await refuse(page, status, { "retry-after": "2" });
    await ask(page, "Hello");

    await failure(page).filter({ hasText: title }).waitFor();
    const waiting = page.getByRole("button", { name: /^Try again in [12] s$/ });
    expect(await waiting.isDisabled()).toBe(true);
    await button(page, "Try again").waitFor();

    chat.says({ texts: ["Here I am"] });
    await button(page, "Try again").click();
    await answered(page);
  });

  test("without a server says so, and the page is itself again when the server is back", async () => {
    const { page } = await chat.open({ url: proxy.url });
    chat.says({ texts: ["Back"] });
    proxy.refuse = true;
    proxy.cut();

    await ask(page, "Hello?");
    await failure(page).filter({ hasText: "No connection" }).waitFor();
    const notice = page.locator(".notice.is-error", { hasText: "cannot be reached" });
    await notice.waitFor();
    proxy.refuse = false;

    await notice.waitFor({ state: "detached" });
    await button(page, "Try again").click();
    await answered(page);
  });

  test("goes on where the network was lost, as soon as it is back", async () => {
    const { page } = await chat.open({ url: proxy.url });
    const texts = Array.from({ length: 60 }, (_, index) => `${index} `);
    chat.says({ texts, tokenMs: 20 });
    await ask(page, "Count");
    await lastAnswer(page).getByText("0 1 2 3").waitFor();

    await page.context().setOffline(true);
    proxy.cut();
    await page.locator(".notice.is-error").waitFor();
    await page.locator(".phase-line", { hasText: "connection was lost" }).waitFor();
    await page.context().setOffline(false);

    await answered(page);
    expect(await lastAnswer(page).locator(".markdown").textContent()).toBe(texts.join("").trim());
  });
});

describe.skipIf(CHROMIUM === null)("a server that wants a key", () => {
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

  test("is asked for it, says which one is wrong, and keeps the right one for the tab alone", async () => {
    const { page } = await chat.open();
    chat.says({ texts: ["Welcome"] });
    const dialog = page.getByRole("dialog", { name: "API key" });
    await dialog.waitFor();
    await page.keyboard.type("a-wrong-key"); // the field has the focus
    await page.keyboard.press("Enter");
    await dialog.getByText("does not know this key").waitFor();

    await enter(page, KEY);
    await dialog.waitFor({ state: "detached" });
    await ask(page, "May I?");
    await answered(page);

    const [ofTab, ofBrowser] = await storages(page);
    expect(ofTab).toContain(KEY);
    expect(ofBrowser).not.toContain(KEY);
  });

  test("has its key in the next tab too where it is remembered", async () => {
    const { page } = await chat.open();
    await enter(page, KEY, true);
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const [ofTab, ofBrowser] = await storages(page);
    expect(ofTab).not.toContain(KEY);
    expect(ofBrowser).toContain(KEY);

    const other = await page.context().newPage();
    await other.goto(chat.url);
    await other.getByText("answers, on your own machine").waitFor();
  });

  test("that is revoked asks for another in the middle of a chat, and then goes on with the question", async () => {
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

  test("takes the right key also while an older look with the wrong one is on its way", async () => {
    const { page } = await chat.open();
    const looks: Route[] = [];
    await page.route("**/v1/models", (route) => void looks.push(route));
    const dialog = page.getByRole("dialog");
    await until(() => looks.length === 1, "the first look");
    await looks.shift()?.continue();
    await dialog.waitFor();
    await until(() => looks.length === 1, "the look that comes every second");
    await enter(page, KEY);
    await until(() => looks.length === 2, "the look with the key");

    const answer = page.waitForResponse("**/v1/models");
    await looks[0]?.continue();
    await answer;
    await looks[1]?.continue();

    await dialog.waitFor({ state: "detached" });
  });
});
