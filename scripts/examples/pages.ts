// Opens a chat page in Chromium through the proxy, and does what a reader does: ask, lose the connection, stop.

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { CHROMIUM, openPage, startBrowser } from "../../test/support/clients/browser.ts";
import { startCuttingProxy } from "../../test/support/clients/cutting-proxy.ts";
import { until } from "./proxies.ts";
import { countEnded, slotsBusy } from "./server.ts";

/** `file` as the proxy serves it. @throws Error with what did not happen */
export async function drivePage(file: string, proxy: string, server: string): Promise<void> {
  if (CHROMIUM === null) throw new Error("there is no Chromium");
  const network = await startCuttingProxy(proxy);
  const browser = await startBrowser();
  try {
    const { page, complaints } = await openPage({ browser, url: `${network.url}/${file}` });
    await asks(page);
    assert.deepEqual(complaints, [], "the page complains");
    await losesConnection(page, network.cut);
    await stops(page, server);
  } finally {
    await browser.close();
    network.close();
  }
}

async function asks(page: Page): Promise<void> {
  await send(page, "What is streaming?");
  await isIdle(page);
  assert.match(await lastAnswer(page), /\w+ \w+/);
}

/** The count comes whole, with nothing missing or doubled, and the end of it is in view. */
async function losesConnection(page: Page, cut: () => void): Promise<void> {
  await send(page, "Count from 1 to 200.");
  await page.locator(".typing", { hasText: "12, 13" }).waitFor();
  cut();
  await isIdle(page);
  const numbers = (await lastAnswer(page)).match(/\d+/g)?.map(Number) ?? [];
  assert.ok(numbers.length >= 200, `the answer ended at ${numbers.length}`);
  assert.deepEqual(
    numbers.slice(0, 200),
    Array.from({ length: 200 }, (_, index) => index + 1),
  );
  const distance = await page
    .locator("main")
    .evaluate((main) => main.scrollHeight - main.scrollTop - main.clientHeight);
  assert.ok(distance < 5, `the page did not follow the end: ${distance} pixels away`);
}

async function stops(page: Page, server: string): Promise<void> {
  const before = await countEnded(server, "cancelled");
  await send(page, "Count from 1 to 500.");
  await page.locator(".typing", { hasText: "12, 13" }).waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await isIdle(page);
  await until("its slot is free", async () => (await slotsBusy(server)) === 0);
  assert.equal(await countEnded(server, "cancelled"), before + 1, "it was not stopped");
}

async function send(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

/** No cursor, and one may ask again. */
async function isIdle(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Send" }).waitFor();
  assert.equal(await page.locator(".typing").count(), 0);
  assert.equal(await page.locator(".error").count(), 0, "the page shows an error");
}

async function lastAnswer(page: Page): Promise<string> {
  return (await page.locator(".assistant").last().textContent()) ?? "";
}
