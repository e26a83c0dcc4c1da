// The worker dies, in every phase: its streams end with an error event, whatever had sent nothing runs again, and the
// server never stops answering.

import { afterEach, expect, test } from "vitest";
import { rawPost } from "../support/raw-client.ts";
import { chat, post, postSse, readAll } from "../support/sse-client.ts";
import { type RunningService, startWithModel, until } from "../support/start-service.ts";

let running: RunningService;
let chatUrl: string;
afterEach(async () => running.close());

async function start(settings: Parameters<typeof startWithModel>[0] = {}) {
  running = await startWithModel({ threads: 1, slots: 2, ...settings });
  chatUrl = `${running.url}/v1/chat/completions`;
}

function killWorker(signal: NodeJS.Signals): void {
  const { workerPid } = running.service.engine.status();
  if (workerPid === null) throw new Error("there is no worker");
  process.kill(workerPid, signal);
}

const endless = { max_tokens: 3000, ignore_eos: true };

test("killed while decoding: streams end with an error event, the waiting ones are served by the next worker", async () => {
  await start();
  const streams = await Promise.all(
    [1, 2].map(() => postSse(chatUrl, chat({ ...endless, stream: true }))),
  );
  const reading = streams.map((stream) => readAll(stream));
  await until(() => running.service.queue.busy === 2, "both run");
  const waiting = post(chatUrl, chat({ max_tokens: 5, ignore_eos: true }));
  await until(() => running.service.queue.waiting === 1, "one waits");
  const beforeMs = performance.now();
  await until(() => performance.now() - beforeMs > 200, "text has been sent");

  killWorker("SIGKILL");

  const ended = await Promise.all(reading);
  expect(ended.map(({ chunks }) => chunks.at(-1)?.error?.code)).toEqual([
    "worker_crashed",
    "worker_crashed",
  ]);
  expect(ended.every(({ text, isDone }) => text.length > 0 && !isDone)).toBe(true);
  expect((await fetch(`${running.url}/health`)).status).toBe(200);
  expect((await fetch(`${running.url}/ready`)).status).toBe(503);
  expect((await waiting).status).toBe(200);
  expect(running.service.engine.status().workerRestarts).toBe(1);
  expect(running.service.queue.inside).toBe(0);
});

test("killed during prefill and behind a buffered answer: both run again, and nobody notices", async () => {
  await start({ batchSize: 32 });
  const messages = [{ role: "user", content: "word ".repeat(3000) }];
  const prefill = postSse(
    chatUrl,
    chat({ messages, max_tokens: 5, ignore_eos: true, stream: true }),
  );
  const buffered = post(chatUrl, chat({ max_tokens: 300, ignore_eos: true }));
  await until(() => running.service.queue.busy === 2, "both run");

  killWorker("SIGKILL");

  const streamed = await readAll(await prefill);
  expect(streamed.isDone).toBe(true);
  expect(streamed.chunks.at(-1)?.timings?.generated_tokens).toBe(5);
  expect(await (await buffered).json()).toMatchObject({ usage: { completion_tokens: 300 } });
});

test("hung: found by its silence and replaced", async () => {
  await start({ hangTimeoutMs: 400 });
  const reading = readAll(await postSse(chatUrl, chat({ ...endless, stream: true })));
  await until(() => running.service.queue.busy === 1, "it runs");
  const beforeMs = performance.now();
  await until(() => performance.now() - beforeMs > 200, "text has been sent");

  killWorker("SIGSTOP");

  expect((await reading).chunks.at(-1)?.error?.code).toBe("worker_crashed");
  const next = await post(chatUrl, chat({ max_tokens: 5, ignore_eos: true }));
  expect(next.status).toBe(200);
});

test("killed while it loads: the next one serves what waited", async () => {
  await start();
  killWorker("SIGKILL");
  await until(() => running.service.engine.status().state === "restarting", "it is being replaced");
  const waiting = post(chatUrl, chat({ max_tokens: 5, ignore_eos: true }));
  await until(() => running.service.engine.status().workerPid !== null, "the next one runs");

  killWorker("SIGKILL");

  expect((await waiting).status).toBe(200);
  expect(running.service.engine.status().workerRestarts).toBe(2);
});

test("a client that leaves while there is no worker frees its place", async () => {
  await start();
  killWorker("SIGKILL");
  await until(() => running.service.engine.status().state === "restarting", "it is being replaced");
  const client = await rawPost(chatUrl, chat({ ...endless, stream: true }));
  await until(() => running.service.queue.inside === 1, "it is inside");

  client.socket.resetAndDestroy();

  await until(() => running.service.queue.inside === 0, "it is gone");
});
