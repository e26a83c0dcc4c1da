// The chat page over a fake engine, for one test file: one browser, one server, and each test says what is answered.

import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { Message } from "../../src/generation/request.ts";
import type { Config } from "../../src/service.ts";
import { type OpenedPage, openPage, startBrowser } from "../support/clients/browser.ts";
import { FakeEngine, type FakeEngineOptions } from "../support/engines/fake-engine.ts";
import { type RunningService, startWithFake, until } from "../support/start-service.ts";

type OpenOptions = Partial<Omit<Parameters<typeof openPage>[0], "browser">>;

export type FakeChat = {
  readonly url: string;
  readonly engine: FakeEngine;
  /** What every answer is that begins from now on. */
  readonly says: (answer: FakeEngineOptions) => void;
  /** Closed after the test. */
  readonly open: (options?: OpenOptions) => Promise<OpenedPage>;
};

/** Registers its hooks where it is called. */
export function fakeChat(settings: Partial<Config> = {}): FakeChat {
  let browser: Browser;
  let running: RunningService;
  let contexts: BrowserContext[] = [];
  const answer: { -readonly [name in keyof FakeEngineOptions]: FakeEngineOptions[name] } = {};
  const engine = new FakeEngine(answer); // reads it anew for every request
  beforeAll(async () => {
    running = await startWithFake(engine, settings);
    browser = await startBrowser();
  });
  afterEach(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    contexts = [];
    await until(() => running.service.queue.inside === 0, "nothing is left");
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

/** Messages of the request that came last. */
export function lastMessages({ requests }: FakeEngine): readonly Message[] {
  const prompt = requests.at(-1)?.prompt;
  return prompt?.type === "messages" ? prompt.messages : [];
}
