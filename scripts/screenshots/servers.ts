// The servers behind the screenshots: the built-in model, and the tests' fake engine to hold a state still.

import { readFileSync } from "node:fs";
import path from "node:path";
import { ServiceError } from "../../src/errors.ts";
import { chat, postSse, type SseAnswer } from "../../test/support/clients/sse-client.ts";
import type { FakeEngineOptions } from "../../test/support/engines/fake-engine.ts";
import { startWithFake, startWithModel } from "../../test/support/start-service.ts";

type Shown = { readonly url: string; readonly close: () => Promise<void> };

const ANSWER = readFileSync(path.join(import.meta.dirname, "answer.md"), "utf8");
/** Pieces of about a token's length. */
const TOKENS = ANSWER.match(/\s*\S{1,6}/g) ?? [];
const CRASH = new ServiceError("worker_crashed", "the worker died while it worked on this request");
const READING = {
  type: "prefill",
  total: 3100,
  cached: 0,
  processed: 1426,
  ms: 0,
} as const;
const SPEED = { tokenMs: 3, prefillMs: 40 };

export const SERVERS = {
  model: () => startWithModel({ slots: 2 }),
  markdown: () => startFake({ texts: TOKENS }),
  /** Slow, because the screenshot is taken during the answer. */
  writing: () => startFake({ texts: TOKENS, tokenMs: 25 }),
  reading: () => startFake({ events: Array(1000).fill(READING), tokenMs: 50 }),
  failing: () => startFake({ texts: TOKENS, failure: { error: CRASH, afterTokens: 66 } }),
  busy: startBusy,
} as const satisfies Record<string, () => Promise<Shown>>;

export type ServerName = keyof typeof SERVERS;

function startFake(options: FakeEngineOptions): Promise<Shown> {
  return startWithFake({ ...SPEED, ...options });
}

/** A server whose one slot is busy and whose queue has two requests. */
async function startBusy(): Promise<Shown> {
  const running = await startWithFake({ tokens: 4000, tokenMs: 100 }, { slots: 1 });
  const others: SseAnswer[] = [];
  for (const _ of [1, 2, 3])
    others.push(await postSse(`${running.url}/v1/chat/completions`, chat({ stream: true })));
  const close = () => {
    for (const { leave } of others) leave();
    return running.close();
  };
  return { url: running.url, close };
}
