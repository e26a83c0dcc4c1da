// The chat page over a fake engine: one server for a group of tests. Each test chooses the answers.

import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, inject } from "vitest";
import { deferred } from "../../src/generation/deferred.ts";
import type { Message } from "../../src/generation/request.ts";
import type { ServiceSettings } from "../../src/service.ts";
import {
  load,
  newContext,
  type OpenedPage,
  type ScreenOptions,
} from "../support/clients/browser.ts";
import { FakeEmbeddingEngine } from "../support/engines/fake-embedding-engine.ts";
import { FakeEngine, type FakeEngineOptions } from "../support/engines/fake-engine.ts";
import { type RunningService, startWithEngines, until } from "../support/start-service.ts";

/** False if there is no Chromium; the tests are then skipped. */
export const HAS_BROWSER = inject("browserAddress") !== "";

type OpenOptions = ScreenOptions & {
  /** The server's own by default. */
  readonly url?: string;
  /** Called before the page is loaded. */
  readonly prepare?: (page: Page) => Promise<unknown>;
};

export type FakeChat = {
  readonly url: string;
  readonly engine: FakeEngine;
  readonly service: RunningService["service"];
  /** Sets the answer of every later request. */
  readonly says: (answer: FakeEngineOptions) => void;
  /** Lets every later answer stop after so many texts. @returns lets them continue */
  readonly saysFirst: (count: number, texts: readonly string[]) => () => void;
  /** Opens the page without any stored data. It is closed after the test. */
  readonly open: (options?: OpenOptions) => Promise<OpenedPage>;
};

/** Connects to the browser that all files share. Closing the connection closes only its own contexts. */
export function connectBrowser(): Promise<Browser> {
  return chromium.connect(inject("browserAddress"));
}

/** Registers its hooks where it is called. @param others engines of further models, by the model's id */
export function fakeChat(
  settings: ServiceSettings = {},
  others: Readonly<Record<string, FakeEngine>> = {},
): FakeChat {
  let browser: Browser;
  let running: RunningService;
  const contexts = new Map<string, BrowserContext>();
  const answer: { -readonly [name in keyof FakeEngineOptions]: FakeEngineOptions[name] } = {};
  const says = (next: FakeEngineOptions) => {
    for (const name of Object.keys(answer)) delete answer[name as keyof FakeEngineOptions];
    Object.assign(answer, next);
  };
  const engine = new FakeEngine(answer); // reads the options for every request
  /** Tests with the same screen share a context. Its first page stays blank and keeps the renderer process alive. */
  const contextFor = async (screen: ScreenOptions) => {
    const name = JSON.stringify(screen);
    const known = contexts.get(name);
    if (known) return known;
    const context = await newContext(browser, screen);
    contexts.set(name, context);
    await context.newPage();
    return context;
  };
  beforeAll(async () => {
    const embeddingEngine = new FakeEmbeddingEngine();
    running = await startWithEngines(
      { engine: (id) => others[id] ?? engine, embeddingEngine },
      settings,
    );
    browser = await connectBrowser();
  });
  afterEach(async () => {
    const pages = [...contexts.values()].flatMap((context) => context.pages().slice(1));
    await Promise.all(pages.map((page) => page.close()));
    await until(() => running.service.queue.inside === 0, "no request is left");
    engine.requests.length = 0;
  });
  afterAll(async () => {
    await browser?.close();
    await running?.close();
  });
  return {
    get url() {
      return running.url;
    },
    get service() {
      return running.service;
    },
    engine,
    says,
    saysFirst: (afterTokens, texts) => {
      const { promise: until, resolve } = deferred<void>();
      says({ texts, tokenMs: 5, hold: { afterTokens, until } });
      return resolve;
    },
    open: async ({ url = running.url, prepare, ...screen } = {}) => {
      const context = await contextFor(screen);
      const page = await context.newPage();
      await clearStorage(page, url);
      const opened = await load(page, url, prepare);
      await page.locator("form.composer").waitFor();
      return opened;
    },
  };
}

/** Removes what earlier tests have stored in the shared context. A new page has an empty session storage already. */
async function clearStorage(page: Page, url: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { origin } = new URL(url);
  await session.send("Storage.clearDataForOrigin", {
    origin,
    storageTypes: "indexeddb,local_storage",
  });
  await session.detach();
}

/** Messages of the last request. */
export function lastMessages({ requests }: FakeEngine): readonly Message[] {
  const prompt = requests.at(-1)?.prompt;
  return prompt?.type === "messages" ? prompt.messages : [];
}
