// The life of the embedding worker: it comes with the first request, dies and comes back, is ended when nobody wants what
// it computes or when it has nothing to do, and never takes the one that generates with it.

import { afterEach, expect, test } from "vitest";
import { rawPost, WAYS_TO_LEAVE } from "../support/clients/raw-client.ts";
import { chat, post } from "../support/clients/sse-client.ts";
import { writeTinyBert } from "../support/gguf/tiny-gguf.ts";
import { type RunningService, startWithModel, until } from "../support/start-service.ts";

/** Its longest input takes seconds: enough to leave in the middle of it. */
const slow = writeTinyBert({ pooling: "cls", contextTokens: 8192, layers: 5, width: 64 });
const longInput = { input: "a ".repeat(8190) };
const short = { input: "the cat" };

let running: RunningService;
let url: string;
afterEach(async () => running.close());

async function start(settings: Parameters<typeof startWithModel>[0] = {}): Promise<void> {
  running = await startWithModel({ threads: 1, slots: 2, embeddingModel: slow, ...settings });
  url = `${running.url}/v1/embeddings`;
}

const workerPid = () => running.service.embeddings.engine.workerPid;

/** Resolves when the worker computes this request. */
async function computing(): Promise<void> {
  const { queue } = running.service.embeddings;
  await until(() => queue.busy === 1 && queue.waiting === 0, "it is computed");
  const startedMs = performance.now();
  await until(() => performance.now() - startedMs > 300, "it is in the middle");
}

test("is there from the first request on, and ends when it has nothing to do", async () => {
  await start({ embeddingIdleTimeoutMs: 300 });
  expect(workerPid()).toBeNull();

  expect((await post(url, short)).status).toBe(200);
  expect(workerPid()).not.toBeNull();

  await until(() => workerPid() === null, "it has ended");
  expect((await post(url, short)).status).toBe(200);
});

test.each(Object.entries(WAYS_TO_LEAVE))(
  "a client that leaves (%s) in the middle of a long input ends the process, and the waiting one is served by the next",
  async (_way, leave) => {
    await start();
    await post(url, short);
    const before = workerPid();
    const client = await rawPost(url, longInput);
    await computing();
    const waiting = post(url, short);
    await until(() => running.service.embeddings.queue.waiting === 1, "another waits");

    const leftAtMs = performance.now();
    leave(client.socket);
    await until(() => workerPid() !== before, "the process has been ended");

    expect(performance.now() - leftAtMs).toBeLessThan(1_500);
    expect((await waiting).status).toBe(200);
  },
);

test("a client that leaves between inputs leaves the process as it is", async () => {
  await start();
  await post(url, short);
  const before = workerPid();
  const client = await rawPost(url, { input: Array(2048).fill("the cat sat on the mat") });
  await computing();

  client.socket.destroy();

  await until(() => running.service.embeddings.queue.inside === 0, "its place is free");
  expect((await post(url, short)).status).toBe(200);
  expect(workerPid()).toBe(before);
});

test("killed in the middle of a request: the answer comes nevertheless", async () => {
  await start();
  await post(url, short);
  const answer = post(url, { input: ["the cat", longInput.input, "a dog"] });
  await computing();

  process.kill(workerPid() ?? 0, "SIGKILL");

  const response = await answer;
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ data: [{}, {}, {}] });
});

test("a request that takes too long ends the process, and gets its error", async () => {
  await start({ requestTimeoutMs: 1_000 });
  const before = await post(url, short).then(workerPid);

  const response = await post(url, longInput);

  expect(response.status).toBe(504);
  await until(() => workerPid() !== before, "the process has been ended");
});

test("a file that cannot be loaded is a 503 with its reason, for embeddings alone", async () => {
  await start({ embeddingModel: "/nowhere/nothing.gguf" });

  const response = await post(url, short);
  const generated = await post(`${running.url}/v1/chat/completions`, chat());

  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    error: { code: "engine_unavailable", message: expect.stringContaining("nothing.gguf") },
  });
  expect(generated.status).toBe(200);
});

test("whatever happens to it, the one that generates neither dies nor answers otherwise", async () => {
  await start();
  const chatUrl = `${running.url}/v1/chat/completions`;
  const body = chat({ temperature: 0, max_tokens: 40, ignore_eos: true });
  const contentOf = async () =>
    ((await (await post(chatUrl, body)).json()) as { choices: { message: object }[] }).choices[0];
  const alone = await contentOf();
  const before = running.service.engine.status().workerPid;
  await post(url, short);
  const client = await rawPost(url, longInput);
  await computing();

  const beside = await contentOf();
  client.socket.destroy();
  await until(() => workerPid() === null, "the process has been ended");
  const after = await contentOf();

  expect([beside, after]).toEqual([alone, alone]);
  expect(running.service.engine.status()).toMatchObject({ workerPid: before, workerRestarts: 0 });
});

test("a server that closes in the middle of a long input ends the process", async () => {
  await start();
  await post(url, short);
  const answer = post(url, longInput);
  await computing();

  await running.close();

  expect((await answer).status).toBe(503);
  expect(workerPid()).toBeNull();
});
