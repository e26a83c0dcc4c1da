// Requests that wait for a model, because another one has the memory: what they are told, and how each of them can end.

import { afterEach, describe, expect, test, vi } from "vitest";
import { deferred } from "../../../../src/generation/deferred.ts";
import { LEAVING } from "../../../support/clients/leaving-client.ts";
import { rawPost } from "../../../support/clients/raw-client.ts";
import { openSocket, textOf } from "../../../support/clients/socket-client.ts";
import { chat, post, postSse, readAll } from "../../../support/clients/sse-client.ts";
import type { FakeEngineOptions } from "../../../support/engines/fake-engine.ts";
import {
  type FleetSetup,
  type RunningFleet,
  skipTime,
  startFleet,
  until,
} from "../../../support/start-service.ts";

let running: RunningFleet;
afterEach(async () => {
  vi.restoreAllMocks();
  await running.close();
});

/** A model that fits alone into the memory, and not beside another one. */
function large(engine: FakeEngineOptions = {}) {
  return { engine: { ...engine, model: { memory: { ramBytes: 6, vramBytes: 0 } } } };
}
const words = Array.from({ length: 30 }, (_, number) => `${number} `);
const endless: FakeEngineOptions = { texts: ["a "], tokens: Number.POSITIVE_INFINITY, tokenMs: 2 };

/** Two models, of which one fits: the first one streams, until its client leaves, and the other one is cold. */
async function startBusy(settings: FleetSetup["settings"] = {}, first = endless) {
  running = await startFleet({
    models: { a: large(first), b: large({ texts: words }) },
    settings: { memoryBudget: 10, heartbeatMs: 20, ...settings },
  });
  const holder = await rawPost(chatUrl(), ask("a", { stream: true, max_tokens: 4_000 }));
  await holder.sees('"content":"');
  return { ...running, leave: () => holder.socket.destroy() };
}

const chatUrl = () => `${running.url}/v1/chat/completions`;
const ask = (model: string, changes: object = {}) => chat({ model, max_tokens: 100, ...changes });
const streamOf = (model: string, headers: Record<string, string> = {}) =>
  postSse(chatUrl(), ask(model, { stream: true }), headers);

/** The request for the cold model has its place at the gate. */
const waits = (count = 1) =>
  until(() => running.service.queue.waiting === count, "the other one waits");

/** Nothing is left of the requests for the cold model. */
async function isGone(): Promise<void> {
  const { queue, fleet } = running.service;
  await until(() => queue.inside === 1, "only the stream has a place");
  const [, other] = fleet.models;
  expect([queue.waiting, other?.lane.waiting, other?.demand, other?.isBusy]).toEqual([
    0,
    0,
    null,
    false,
  ]);
  expect([running.engine("b").attempts, running.engine("a").cut]).toEqual([0, 0]);
}

describe("is told its position, and then the progress of loading", () => {
  const seen = (text: string) => {
    expect(text).toMatch(/queued position=1/);
    expect(text).toMatch(/loading progress=0\.42/);
  };

  test("a stream of server-sent events", async () => {
    const { leave, engine } = await startBusy();
    const client = await rawPost(chatUrl(), ask("b", { stream: true }));
    await client.sees("queued position=1");
    engine("b").holdLoads();
    leave();
    await client.sees("loading progress=0.42");
    engine("b").becomeReady();
    await client.sees("[DONE]");

    seen(client.received());
    client.socket.destroy();
  });

  test("a request over a WebSocket", async () => {
    const { leave, engine, url } = await startBusy();
    const client = await openSocket(url);
    const body = ask("b", { stream: true });
    client.say({ type: "request", id: "1", path: "/v1/chat/completions", body });
    const queued = await client.hears(({ type }) => type === "status");
    engine("b").holdLoads();
    leave();
    const loading = await client.hears(({ state }) => state === "loading");
    engine("b").becomeReady();

    expect(queued).toMatchObject({ id: "1", state: "queued", position: 1 });
    expect(loading).toMatchObject({ id: "1", progress: 0.42 });
    expect(textOf(await client.answer("1"))).toBe(words.join(""));
    client.socket.terminate();
  });

  test("a stream of JSON lines", async () => {
    const { leave, engine, url } = await startBusy();
    const client = await rawPost(`${url}/api/chat`, ask("b"));
    await client.sees('"queue":{"position":1');
    engine("b").holdLoads();
    leave();
    await client.sees('"loading":{"state":"loading","progress":0.42');
    engine("b").becomeReady();

    await client.sees('"done":true');
    client.socket.destroy();
  });
});

test("those that wait have positions in the order of their arrival, and are listed", async () => {
  const { url, leave } = await startBusy();
  const waiting = [];
  for (const number of [1, 2, 3]) {
    waiting.push(await rawPost(chatUrl(), ask("b", { stream: true })));
    await waiting.at(-1)?.sees(`queued position=${number}`);
  }
  const { data } = (await (await fetch(`${url}/v1/requests`)).json()) as { data: object[] };
  const usage = await (await fetch(`${url}/v1/usage`)).json();

  expect(data).toMatchObject([
    { model: "a", status: "running" },
    ...[1, 2, 3].map((position) => ({ model: "b", status: "queued", position })),
  ]);
  expect(usage).toMatchObject({ data: [{ running: 1, waiting: 3 }] });
  leave();
  for (const client of waiting) {
    await client.sees("[DONE]");
    client.socket.destroy();
  }
});

describe("leaves nothing behind", () => {
  test.each(Object.keys(LEAVING))("when its client disconnects: %s", async (way) => {
    const { leave } = await startBusy();
    const client = await LEAVING[way]?.({ url: chatUrl(), body: ask("b", { stream: true }) });
    await waits();
    client?.leave();
    await isGone();
    leave();
  });

  test("when it asks only for its tokens, and disconnects", async () => {
    const { url, leave } = await startBusy();
    const client = await rawPost(`${url}/tokenize`, { model: "b", content: "Hi" });
    await waits();
    client.socket.destroy();
    await until(() => running.service.queue.waiting === 0, "it is gone");
    await isGone();
    leave();
  });

  test("when it is cancelled", async () => {
    const { url, leave } = await startBusy();
    const answer = post(chatUrl(), ask("b"), { "x-request-id": "r" });
    await waits();
    await fetch(`${url}/v1/requests/r`, { method: "DELETE" });

    expect((await answer).status).toBe(409);
    await isGone();
    leave();
  });

  const limits: [
    string,
    NonNullable<FleetSetup["settings"]>,
    Record<string, string>,
    number,
    string,
  ][] = [
    ["X-Deadline-Ms", {}, { "x-deadline-ms": "50" }, 504, "deadline_exceeded"],
    ["--request-timeout", { requestTimeoutMs: 50 }, {}, 504, "request_timeout"],
    ["--first-token-timeout", { firstTokenTimeoutMs: 50 }, {}, 503, "queue_timeout"],
    ["--queue-timeout", { queueTimeoutMs: 50 }, {}, 503, "queue_timeout"],
    ["--buffered-queue-timeout", { bufferedQueueTimeoutMs: 50 }, {}, 503, "queue_timeout"],
  ];
  test.each(limits)("at the limit of %s", async (_name, settings, headers, status, code) => {
    const { reload, leave } = await startBusy();
    reload(settings); // the stream was there before
    const answer = await post(chatUrl(), ask("b"), headers);

    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code } });
    if (status === 503) expect(answer.headers.get("retry-after")).not.toBeNull();
    await isGone();
    leave();
  });

  test("at the limit of --queue-timeout, as a stream", async () => {
    const { reload, leave } = await startBusy();
    reload({ queueTimeoutMs: 100 });
    const { chunks, comments } = await readAll(await streamOf("b"));

    expect(comments).toContain("queued position=1");
    expect(chunks.at(-1)?.error).toMatchObject({ code: "queue_timeout" });
    await isGone();
    leave();
  });
});

test("the limit of the wait does not count while the model is loading", async () => {
  const { leave, engine } = await startBusy({ queueTimeoutMs: 300 });
  engine("b").holdLoads();
  const answer = post(chatUrl(), ask("b"));
  await waits();
  leave();
  await until(() => engine("b").loads === 1, "it is being loaded");
  await new Promise((resolve) => setTimeout(resolve, 400));
  engine("b").becomeReady();

  expect((await answer).status).toBe(200);
});

test("a stream whose client does not read makes room for another model, and continues complete afterwards", async () => {
  const text = "x".repeat(65_536);
  const slow = { texts: [text], tokens: 200, parkTimeoutMs: 10 };
  running = await startFleet({
    models: { a: large(slow), b: large() },
    settings: { memoryBudget: 10 },
  });
  const { engine, service } = running;
  const stream = await postSse(chatUrl(), ask("a", { stream: true, max_tokens: 200 }));
  let computed = -1;
  await until(() => {
    const isStill = computed === engine("a").tokensComputed && computed > 0;
    computed = engine("a").tokensComputed;
    return isStill;
  }, "it stands still");
  expect(computed).toBeLessThan(200);
  skipTime(running, 60_000);
  const other = await post(chatUrl(), ask("b"));

  expect(other.status).toBe(200);
  expect([engine("a").unloads, engine("a").cut, service.queue.inside]).toEqual([1, 0, 1]);
  const answer = await readAll(stream);
  expect([answer.text.length, answer.isDone]).toEqual([200 * 65_536, true]);
  expect([engine("a").loads, service.queue.inside]).toEqual([2, 0]);
});

test("a resumable stream keeps its place when its connection is lost while it waits", async () => {
  const { url, leave, service } = await startBusy({ resumeGraceMs: 60_000 });
  const { response, leave: disconnect } = await streamOf("b", { "x-resumable": "true" });
  const location = response.headers.get("location") ?? "";
  await waits();
  disconnect();
  const back = await fetch(`${url}${location}`);
  expect(service.queue.waiting).toBe(1);
  leave();

  expect(await back.text()).toContain("[DONE]");
  await until(() => service.queue.inside === 0, "it has ended");
});

test("a server that shuts down lets running streams of all models finish, and ends those that wait or load", async () => {
  const drain = deferred<void>();
  const writing = { engine: { texts: words, hold: { afterTokens: 5, until: drain.promise } } };
  running = await startFleet({
    models: { a: writing, b: writing, c: {} },
    settings: { drainTimeoutMs: 30_000 },
  });
  const { engine, service } = running;
  const reading = ["a", "b"].map(async (model) => readAll(await streamOf(model)));
  await until(() => engine("a").running + engine("b").running === 2, "both run");
  engine("c").holdLoads();
  const waiting = post(chatUrl(), ask("c"));
  await until(() => engine("c").loads === 1, "the third one loads");
  const closed = service.close();
  drain.resolve();

  const texts = (await Promise.all(reading)).map(({ text }) => text);
  expect(texts).toEqual([words.join(""), words.join("")]);
  expect((await waiting).status).toBe(503);
  expect(await (await waiting).json()).toMatchObject({ error: { code: "draining" } });
  await closed;
  expect([service.queue.inside, engine("a").cut, engine("b").cut]).toEqual([0, 0, 0]);
});

test("a server that shuts down ends requests that wait for memory when its time is over", async () => {
  const { service } = await startBusy();
  const waiting = post(chatUrl(), ask("b"));
  await waits();
  await service.close();

  expect((await waiting).status).toBe(503);
  expect([service.queue.inside, running.engine("b").attempts]).toEqual([0, 0]);
});
