// The queue as clients see it: limits, positions, time limits, drain.

import { afterEach, expect, test } from "vitest";
import { deferred } from "../../../src/generation/deferred.ts";
import { rawPost } from "../../support/clients/raw-client.ts";
import { chat, post, postSse, readAll } from "../../support/clients/sse-client.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService | undefined;
afterEach(async () => running?.close());

async function started(...args: Parameters<typeof startWithFake>) {
  const service = await startWithFake(...args);
  running = service;
  return { ...service, chatUrl: `${service.url}/v1/chat/completions` };
}

const endless = { tokens: Number.POSITIVE_INFINITY, tokenMs: 2 };

test("never runs more requests than there are slots, and serves all of 32", async () => {
  const { chatUrl, engine } = await started({ tokens: 5, tokenMs: 1 }, { slots: 4 });

  const answers = await Promise.all(
    Array.from({ length: 32 }, async () => readAll(await postSse(chatUrl, chat({ stream: true })))),
  );

  expect(engine.peakRunning).toBe(4);
  expect(answers.every(({ isDone, text }) => isDone && text.startsWith("Hello"))).toBe(true);
});

test("refuses with 429 and Retry-After when the queue is full", async () => {
  const { chatUrl, service } = await started(endless, { slots: 1, queue: 1 });
  const first = await rawPost(chatUrl, chat({ stream: true, max_tokens: 4000 }));
  const second = await rawPost(chatUrl, chat({ stream: true, max_tokens: 4000 }));
  await until(() => service.queue.inside === 2, "both are inside");

  const third = await post(chatUrl, chat({ stream: true }));

  expect(third.status).toBe(429);
  expect(Number(third.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(await third.json()).toMatchObject({
    error: { code: "queue_full", type: "rate_limit_error" },
  });
  first.socket.destroy();
  second.socket.destroy();
});

test("sends a waiting stream its position and the expected wait", async () => {
  const second = deferred<void>();
  const { chatUrl, service } = await started(
    { tokens: 30, tokenMs: 5, hold: { afterTokens: 1, until: second.promise } },
    { slots: 1, heartbeatMs: 50 },
  );
  const ahead = await Promise.all([1, 2].map(() => rawPost(chatUrl, chat({ max_tokens: 30 }))));
  await until(() => service.queue.inside === 2, "two are ahead");

  const reading = postSse(chatUrl, chat({ stream: true })).then(readAll);
  await until(() => service.queue.inside === 3, "the stream waits");
  second.resolve();
  const { comments, isDone } = await reading;

  expect(isDone).toBe(true);
  expect(comments[0]).toBe("connected heartbeat_ms=50");
  expect(comments.some((comment) => /^queued position=2( eta_ms=\d+)?$/.test(comment))).toBe(true);
  expect(comments.some((comment) => /^queued position=1 eta_ms=\d+$/.test(comment))).toBe(true);
  for (const { socket } of ahead) socket.destroy();
});

test("gives a request that waited too long an error, before or after the headers", async () => {
  const { chatUrl, service } = await started(endless, { slots: 1, queueTimeoutMs: 800 });
  const holder = await rawPost(chatUrl, chat({ stream: true, max_tokens: 4000 }));
  await until(() => service.queue.busy === 1, "the slot is taken");

  const [buffered, streamed] = await Promise.all([
    post(chatUrl, chat()),
    postSse(chatUrl, chat({ stream: true })).then(readAll),
  ]);

  expect(buffered.status).toBe(503);
  expect(buffered.headers.get("retry-after")).not.toBeNull();
  expect(streamed.chunks.at(-1)?.error?.code).toBe("queue_timeout");
  holder.socket.destroy();
});

test("drains: new requests are refused, and running ones finish", async () => {
  const drain = deferred<void>();
  const { chatUrl, url, service } = await started(
    { tokens: 40, hold: { afterTokens: 20, until: drain.promise } },
    { drainTimeoutMs: 10_000 },
  );
  const answer = await postSse(chatUrl, chat({ stream: true, max_tokens: 40 }));
  const reading = readAll(answer);
  const alive = await fetch(`${url}/health`);
  await until(() => service.queue.busy === 1, "it runs");

  const closing = service.close();

  expect(alive.status).toBe(200);
  expect(service.queue.isDraining).toBe(true);
  drain.resolve();
  const { isDone, chunks } = await reading;
  expect(isDone).toBe(true);
  expect(chunks.at(-1)?.timings?.generated_tokens).toBe(40);
  await closing;
  await expect(post(chatUrl, chat())).rejects.toThrow();
});

test("drains: a stream that is unfinished at the limit ends with an error event", async () => {
  const { chatUrl, service } = await started(endless, { drainTimeoutMs: 50 });
  const reading = readAll(await postSse(chatUrl, chat({ stream: true, max_tokens: 4000 })));
  await until(() => service.queue.busy === 1, "it runs");

  await service.close();

  const { chunks, isDone } = await reading;
  expect(isDone).toBe(false);
  expect(chunks.at(-1)?.error?.code).toBe("draining");
});

test("answers while it drains: /health with 200, /ready and new requests with 503", async () => {
  const { chatUrl, url, service } = await started(endless, { drainTimeoutMs: 60_000 });
  const holder = await rawPost(chatUrl, chat({ stream: true, max_tokens: 4000 }));
  await until(() => service.queue.busy === 1, "it runs");

  const closing = service.close();
  const [health, ready, refused] = await Promise.all([
    fetch(`${url}/health`),
    fetch(`${url}/ready`),
    post(chatUrl, chat()),
  ]);

  expect(health.status).toBe(200);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ status: "draining" });
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBe("30");
  expect(refused.headers.get("connection")).toBe("close");
  expect(await refused.json()).toMatchObject({ error: { code: "draining" } });
  holder.socket.destroy();
  await closing;
});
