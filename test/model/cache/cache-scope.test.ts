// Each API key has its own prefix cache, so that response times do not reveal the prompts of other keys.

import { afterEach, expect, test } from "vitest";
import { chat, post } from "../../support/clients/sse-client.ts";
import { type RunningService, startWithModel } from "../../support/start-service.ts";

let running: RunningService;
afterEach(async () => running.close());

const messages = [{ role: "user", content: "word ".repeat(200) }];

async function cachedTokens(key: string): Promise<number> {
  const response = await post(
    `${running.url}/v1/chat/completions`,
    chat({ messages, max_tokens: 2 }),
    {
      authorization: `Bearer ${key}`,
    },
  );
  const body = (await response.json()) as {
    usage: { prompt_tokens_details: { cached_tokens: number } };
  };
  return body.usage.prompt_tokens_details.cached_tokens;
}

test("a key reuses the cache of its own earlier prompts, not that of another key's", async () => {
  running = await startWithModel({ apiKey: ["one", "two"], threads: 1, slots: 2 });

  expect(await cachedTokens("one")).toBe(0);
  expect(await cachedTokens("two")).toBe(0);
  expect(await cachedTokens("one")).toBeGreaterThan(200);
  expect(await cachedTokens("two")).toBeGreaterThan(200);
});

test("with --shared-cache all keys reuse it", async () => {
  running = await startWithModel({ apiKey: ["one", "two"], threads: 1, sharedCache: true });

  expect(await cachedTokens("one")).toBe(0);
  expect(await cachedTokens("two")).toBeGreaterThan(200);
});
