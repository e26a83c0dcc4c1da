// The life of the embedding worker, seen over HTTP with a scripted process: it starts with the first request, is replaced
// when it dies, and is ended when its computation is no longer needed or when it is idle.

import { afterEach, expect, test } from "vitest";
import { configWith } from "../../../src/config/config-with.ts";
import { WorkerEmbeddingEngine } from "../../../src/engine/embedding-engine.ts";
import type { Config } from "../../../src/service.ts";
import { rawPost, WAYS_TO_LEAVE } from "../../support/clients/raw-client.ts";
import { post } from "../../support/clients/sse-client.ts";
import { FakeEngine } from "../../support/engines/fake-engine.ts";
import { scriptedProgram, UNLOADED_MODEL } from "../../support/engines/scripted-programs.ts";
import { type RunningService, startWithEngines, until } from "../../support/start-service.ts";

const ENTRY = scriptedProgram("scripted-worker");
/** The scripted worker never answers it. */
const endless = { input: "hang" };
const short = { input: "answer" };

let running: RunningService;
let embeddingEngine: WorkerEmbeddingEngine;
let url: string;
afterEach(async () => running.close());

async function start(
  settings: Partial<Config> = {},
  modelPath = UNLOADED_MODEL.modelPath,
): Promise<void> {
  const config = configWith(settings);
  embeddingEngine = new WorkerEmbeddingEngine({
    ...config,
    entry: ENTRY,
    prepareLoad: () => ({ model: { ...UNLOADED_MODEL, modelPath }, release: () => {} }),
    knownModel: () => null,
    log: () => {},
    onLoadProgress: () => {},
  });
  running = await startWithEngines({ engine: new FakeEngine(), embeddingEngine }, settings);
  url = `${running.url}/v1/embeddings`;
}

/** The worker of a server that has answered one request. */
async function startedWorker(): Promise<number | null> {
  expect((await post(url, short)).status).toBe(200);
  return embeddingEngine.status().workerPid;
}

const computing = () =>
  until(() => running.service.embeddingQueue.busy === 1, "the request is computed");

test("starts with the first request, and ends when it is idle", async () => {
  await start({ embeddingIdleTimeoutMs: 300 });
  expect(embeddingEngine.status().workerPid).toBeNull();

  expect(await startedWorker()).not.toBeNull();

  await until(() => embeddingEngine.status().workerPid === null, "the worker has ended");
  expect((await post(url, short)).status).toBe(200);
});

test.each(Object.entries(WAYS_TO_LEAVE))(
  "a client that disconnects (%s) during a long input ends the process, and the next one serves the waiting request",
  async (_way, leave) => {
    await start();
    const before = await startedWorker();
    const client = await rawPost(url, endless);
    await computing();
    const waiting = post(url, short);
    await until(() => running.service.embeddingQueue.waiting === 1, "another request waits");

    leave(client.socket);

    expect((await waiting).status).toBe(200);
    expect(embeddingEngine.status().workerPid).not.toBe(before);
  },
);

test("a client that disconnects between two inputs leaves the process running", async () => {
  await start();
  const before = await startedWorker();
  const client = await rawPost(url, { input: Array(50).fill("slow") });
  await computing();

  client.socket.destroy();

  await until(() => running.service.embeddingQueue.inside === 0, "its place is free");
  expect((await post(url, short)).status).toBe(200);
  expect(embeddingEngine.status().workerPid).toBe(before);
});

test("a request whose worker is killed gets its answer from the next worker", async () => {
  await start();
  const before = await startedWorker();
  const answer = post(url, { input: ["answer", "slow", "slow", "answer"] });
  await computing();

  process.kill(before ?? 0, "SIGKILL");

  const response = await answer;
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ data: [{}, {}, {}, {}] });
  expect(embeddingEngine.status().workerPid).not.toBe(before);
});

test("a request that exceeds its time limit ends the process and gets an error", async () => {
  await start({ requestTimeoutMs: 1_000 });
  const { model } = running.service.models.resolveEmbedding(null, "embed");
  const { signal } = new AbortController();
  // Not with a request: loading may take longer than the limit.
  await model.ready({
    owner: "",
    isFlex: false,
    arrivedAtMs: performance.now(),
    signal,
    places: 1,
  });
  const before = embeddingEngine.status().workerPid;

  const response = await post(url, endless);

  expect(response.status).toBe(504);
  await until(() => embeddingEngine.status().workerPid !== before, "the process has been ended");
});

test("a file that cannot be loaded is a 503 with its reason", async () => {
  await start({}, "broken");

  const response = await post(url, short);

  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    error: { code: "engine_unavailable", message: expect.stringContaining("it is broken") },
  });
});

test("a server that closes during a long input ends the process", async () => {
  await start();
  await startedWorker();
  const answer = post(url, endless);
  await computing();

  await running.close();

  expect((await answer).status).toBe(503);
  expect(embeddingEngine.status().workerPid).toBeNull();
});
