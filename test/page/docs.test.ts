// The page at /docs in a browser: it shows the whole document, and asks no other host for anything.

import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OpenapiDocument } from "../../src/api/openapi/document.ts";
import { type OpenedPage, openPage } from "../support/clients/browser.ts";
import { type RunningService, startWithFake } from "../support/start-service.ts";
import { connectBrowser, HAS_BROWSER } from "./fake-chat.ts";

const KEY = "secret";

describe.skipIf(!HAS_BROWSER)("the page at /docs", () => {
  let browser: Browser;
  let running: RunningService;
  let document: OpenapiDocument;
  let opened: OpenedPage;
  beforeAll(async () => {
    running = await startWithFake({ texts: ["Hello"], tokens: 1 }, { apiKey: [KEY] });
    browser = await connectBrowser();
    document = (await (await fetch(`${running.url}/openapi.json`)).json()) as OpenapiDocument;
    opened = await openDocs(running.url);
  });
  afterAll(async () => {
    await browser?.close();
    await running?.close();
  });

  async function openDocs(base: string): Promise<OpenedPage> {
    const docs = await openPage({ browser, url: `${base}/docs` });
    await docs.page.locator(".opblock").first().waitFor();
    return docs;
  }

  test("shows every operation, without a key", async () => {
    const operations = Object.values(document.paths).flatMap((methods) => Object.keys(methods));

    expect(await opened.page.locator(".opblock").count()).toBe(operations.length);
    expect(await opened.page.title()).toBe("Sluice API");
  });

  test("asks only its own server, and breaks none of its security policy", () => {
    const hosts = opened.asked.filter((url) => !url.startsWith("data:")).map((url) => new URL(url));

    expect(hosts.map(({ pathname }) => pathname).sort()).toEqual([
      "/docs",
      "/docs/start.js",
      "/docs/swagger-ui-bundle.js",
      "/docs/swagger-ui.css",
      "/openapi.json",
    ]);
    expect(new Set(hosts.map(({ origin }) => origin))).toEqual(new Set([running.url]));
    expect(opened.complaints).toEqual([]);
  });

  test("describes fields, and sends a request with the reader's key", async () => {
    const { page, complaints } = opened;
    await page.locator("#operations-OpenAI-postV1ChatCompletions .opblock-summary").click();
    const operation = page.locator("#operations-OpenAI-postV1ChatCompletions");
    await operation.getByText("Randomness of sampling").first().waitFor();

    await page.locator(".auth-wrapper .authorize").first().click();
    await page.locator("#auth-bearer-value").fill(KEY);
    await page.locator(".auth-btn-wrapper .authorize").first().click();
    await page.locator(".btn-done").first().click();
    await operation.locator(".try-out__btn").click();
    await operation.locator(".execute").click();

    const answer = operation.locator(".live-responses-table");
    await answer.getByText("Hello").first().waitFor();
    expect(complaints).toEqual([]);
  });

  test("works behind a proxy that adds a prefix", async () => {
    const proxy = http.createServer(({ url = "" }, response) => {
      http.get(running.url + url.replace(/^\/llm(?=\/)/, ""), (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const base = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/llm`;

    const { asked, complaints } = await openDocs(base);

    expect(asked.filter((url) => !url.startsWith("data:") && !url.startsWith(base))).toEqual([]);
    expect(complaints).toEqual([]);
    proxy.closeAllConnections();
    proxy.close();
  });
});
