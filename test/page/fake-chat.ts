// The chat page over a fake engine: one server for a group of tests. Each test chooses the answers.

import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { afterAll, afterEach, beforeAll, inject } from "vitest";
import type { Message } from "../../src/generation/request.ts";
import type { Config } from "../../src/service.ts";
import { type OpenedPage, openPage } from "../support/clients/browser.ts";
import { FakeEngine, type FakeEngineOptions } from "../support/engines/fake-engine.ts";
import { type RunningService, startWithFake, until } from "../support/start-service.ts";

/** False if there is no Chromium; the tests are then skipped. */
export const HAS_BROWSER = inject("browserAddress") !== "";

type OpenOptions = Partial<Omit<Parameters<typeof openPage>[0], "browser">>;

export type FakeChat = {
  readonly url: string;
  readonly engine: FakeEngine;
  readonly service: RunningService["service"];
  /** Sets the answer of every later request. */
  readonly says: (answer: FakeEngineOptions) => void;
  /** Opens the page in a new browser context, which is closed after the test. */
  readonly open: (options?: OpenOptions) => Promise<OpenedPage>;
};

/** Connects to the browser that all files share. Closing the connection closes only its own contexts. */
export function connectBrowser(): Promise<Browser> {
  return chromium.connect(inject("browserAddress"));
}

/** Registers its hooks where it is called. */
export function fakeChat(settings: Partial<Config> = {}): FakeChat {
  let browser: Browser;
  let running: RunningService;
  let contexts: BrowserContext[] = [];
  const answer: { -readonly [name in keyof FakeEngineOptions]: FakeEngineOptions[name] } = {};
  const engine = new FakeEngine(answer); // reads the options for every request
  beforeAll(async () => {
    running = await startWithFake(engine, settings);
    browser = await connectBrowser();
  });
  afterEach(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    contexts = [];
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
    says: (next) => {
      for (const name of Object.keys(answer)) delete answer[name as keyof FakeEngineOptions];
      Object.assign(answer, next);
    },
    open: async (options = {}) => {
      const opened = await openPage({ browser, url: running.url, ...options });
      contexts.push(opened.page.context());
      await opened.page.locator(".composer").waitFor();
      return opened;
    },
  };
}

/** Messages of the last request. */
export function lastMessages({ requests }: FakeEngine): readonly Message[] {
  const prompt = requests.at(-1)?.prompt;
  return prompt?.type === "messages" ? prompt.messages : [];
}
