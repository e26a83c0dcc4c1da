// Models that are loaded when a request needs them, and unloaded for others: what is loaded when, and that no answer is cut.

import { appendFileSync, rmSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ServiceError } from "../../../../src/errors.ts";
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

async function start(models: FleetSetup["models"], settings: FleetSetup["settings"] = {}) {
  running = await startFleet({ models, settings });
  return running;
}

/** A model that fits alone into a budget of 10 bytes, and not beside another one. */
function large(engine: FakeEngineOptions = {}) {
  return { engine: { ...engine, model: { memory: { ramBytes: 6, vramBytes: 0 } } } };
}
const FOR_ONE = { memoryBudget: 10 };
const words = Array.from({ length: 30 }, (_, number) => `${number} `);
const writing: FakeEngineOptions = { texts: words, tokenMs: 2 };

const ask = (model: string, changes: object = {}) =>
  post(`${running.url}/v1/chat/completions`, chat({ model, ...changes }));
const stream = async (model: string) =>
  postSse(`${running.url}/v1/chat/completions`, chat({ model, max_tokens: 4_000, stream: true }));

async function errorOf(response: Response) {
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  const { status } = response;
  return { status, retryAfter: response.headers.get("retry-after"), ...error };
}

test("eight first requests load a model once, and routes that only describe it load nothing", async () => {
  const { engine, url } = await start({ a: {}, b: {} });
  const look = async () => {
    const paths = ["/v1/models", "/v1/models/b", "/api/tags", "/api/ps", "/health", "/ready"];
    const states = ["/props?model=b", "/slots?model=b", "/v1/requests", "/v1/usage", "/metrics"];
    for (const path of [...paths, ...states]) await (await fetch(`${url}${path}`)).text();
    await post(`${url}/api/show`, { model: "b" });
  };
  await look();
  expect(engine("b").loads).toBe(0);
  engine("b").holdLoads();
  const asked = Array.from({ length: 8 }, () => ask("b"));
  await until(() => engine("b").loads === 1, "it is being loaded");
  await look();
  engine("b").becomeReady();

  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  expect(statuses).toEqual(Array.from({ length: 8 }, () => 200));
  expect([engine("a").loads, engine("b").loads, engine("a").unloads]).toEqual([1, 1, 0]);
});

test("with memory for one model, requests for two are answered in turn, and none is cut", async () => {
  const { engine, service } = await start({ a: large(), b: large() }, FOR_ONE);
  for (const model of ["a", "b", "a"]) {
    const answer = await ask(model);

    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ model });
  }
  expect([engine("a").loads, engine("b").loads]).toEqual([2, 1]);
  expect([engine("a").unloads, engine("b").unloads]).toEqual([1, 1]);
  expect(engine("a").cut + engine("b").cut).toBe(0);
  expect(service.fleet.memory.ramBytes).toBe(6);
});

test("a stream runs to its end before its model makes room for another", async () => {
  const { engine } = await start({ a: large(writing), b: large() }, FOR_ONE);
  const reading = readAll(await stream("a"));
  await until(() => engine("a").tokensComputed > 2, "it writes");
  const other = ask("b");
  await until(() => running.service.queue.waiting === 1, "the other one waits");
  skipTime(running, 60_000); // the first model has been loaded for long enough to make room
  await until(() => stateOf("a") === "draining", "it is to make room");

  expect((await reading).text).toBe(words.join(""));
  expect((await other).status).toBe(200);
  expect([engine("a").cut, engine("a").unloads]).toEqual([0, 1]);
});

const stateOf = (name: string) =>
  running.service.fleet.models.find((model) => model.name === name)?.state;

describe("a load that fails", () => {
  const broken = () => new ServiceError("engine_unavailable", "the file is broken");

  test("fails every request that waits for it, and is not repeated at once", async () => {
    const { engine } = await start({ a: {}, b: {} });
    engine("b").holdLoads();
    engine("b").loadFailure = broken();
    const asked = Array.from({ length: 3 }, () => ask("b"));
    await until(() => running.service.queue.waiting === 3, "all wait");
    engine("b").becomeReady();
    const refused = await Promise.all(
      [...asked, ask("b")].map(async (each) => errorOf(await each)),
    );

    for (const error of refused) {
      expect(error).toMatchObject({ status: 503, message: "the file is broken" });
      expect(Number(error.retryAfter)).toBeGreaterThan(0);
    }
    expect([(await ask("a")).status, engine("b").loads]).toEqual([200, 1]);
    expect([running.service.queue.inside, running.service.queue.waiting]).toEqual([0, 0]);
  });

  test.each(["the back-off ends", "the file changes"])("is tried again when %s", async (when) => {
    const { engine, fileOf } = await start({ a: {}, b: {} });
    engine("b").loadFailure = broken();
    expect((await ask("b")).status).toBe(503);
    engine("b").loadFailure = null;
    expect((await ask("b")).status).toBe(503);
    if (when === "the file changes") appendFileSync(fileOf("b"), "more");
    else skipTime(running, 31_000);

    expect((await ask("b")).status).toBe(200);
    expect(engine("b").loads).toBe(2);
  });

  test("of the default model leaves the others alone", async () => {
    const { engine, fileOf } = await start({ a: large(), b: {} }, { memoryBudget: 5 });

    expect([(await ask("a")).status, (await ask("b")).status]).toEqual([400, 200]);
    expect(await (await fetch(`${running.url}/ready`)).json()).toMatchObject({ status: "failed" });
    rmSync(fileOf("a"));
    expect([(await ask("a")).status, engine("b").loads]).toEqual([400, 1]);
  });
});

test("a model that is too large is refused with the figures in each API's own envelope, and not loaded in a loop", async () => {
  const huge = { engine: { model: { memory: { ramBytes: 3e9, vramBytes: 0 } } } };
  const { engine, url } = await start({ a: {}, b: huge }, { memoryBudget: 2e9 });
  const prompt = { max_tokens: 5, messages: [{ role: "user", content: "Hi" }] };
  const contents = [{ role: "user", parts: [{ text: "Hi" }] }];
  const bodies: [path: string, body: object][] = [
    ["/v1/chat/completions", { model: "b", ...prompt }],
    ["/v1/responses", { model: "b", input: "Hi" }],
    ["/v1/messages", { model: "b", ...prompt }],
    ["/v1beta/models/b:generateContent", { contents }],
    ["/api/chat", { model: "b", ...prompt }],
    ["/tokenize", { model: "b", content: "Hi" }],
  ];
  const answers = await Promise.all(
    bodies.map(async ([path, body]) => {
      const response = await post(`${url}${path}`, body);
      expect([path, response.status]).toEqual([path, 400]);
      expect(response.headers.get("retry-after")).toBeNull();
      return [path, await response.json()] as const;
    }),
  );

  const message = expect.stringMatching(/3\.00 GB.*2\.00 GB/);
  const openai = { error: { code: "model_too_large", type: "invalid_request_error", message } };
  expect(Object.fromEntries(answers)).toMatchObject({
    "/v1/chat/completions": openai,
    "/v1/responses": openai,
    "/v1/messages": { type: "error", error: { type: "invalid_request_error", message } },
    "/v1beta/models/b:generateContent": { error: { status: "INVALID_ARGUMENT", message } },
    "/api/chat": { error: message },
    "/tokenize": openai,
  });
  expect([engine("b").loads, engine("b").attempts]).toEqual([0, 2]); // within its share, and with all memory
  expect((await ask("a")).status).toBe(200);
});

test("a model without requests is unloaded after its time, and a pinned one is not", async () => {
  const models = { a: {}, b: { isPinned: true }, c: {} };
  const { engine } = await start(models, { idleUnloadMs: 60_000 });
  for (const model of ["b", "c"]) await ask(model);
  skipTime(running, 61_000);
  await until(() => engine("c").unloads === 1, "it is unloaded");

  expect(engine("b").unloads).toBe(0);
  expect((await ask("c")).status).toBe(200);
  expect([engine("c").loads, engine("b").loads]).toEqual([2, 1]);
});

test("a file that changes is loaded by the next request, while those before it finish with the old one", async () => {
  const { engine, fileOf } = await start({ a: { engine: writing, slots: 1 }, b: {} });
  const reading = stream("a").then(readAll);
  await until(() => engine("a").tokensComputed > 2, "it writes");
  const prepared = ask("a", { max_tokens: 3 }); // for the old file, whose tokens may be others
  await until(() => running.service.queue.waiting === 1, "another one waits for its slot");
  appendFileSync(fileOf("a"), "more");
  skipTime(running, 2_000); // the file is looked at once a second
  const next = ask("a", { max_tokens: 3 });
  await until(() => running.service.queue.waiting === 2, "the next one waits");

  expect((await reading).text).toBe(words.join(""));
  expect([(await prepared).status, engine("a").loads]).toEqual([200, 1]);
  expect((await next).status).toBe(200);
  expect([engine("a").loads, engine("a").cut]).toEqual([2, 0]);
  expect(engine("a").turnsInLoad).toEqual([1, 1, 2]);
});

test("a stream whose client does not read finishes with the file with which it began", async () => {
  const slow = { texts: ["x".repeat(65_536)], tokens: 200, parkTimeoutMs: 10 };
  const { engine, fileOf } = await start({ a: { engine: slow } });
  const reading = await stream("a");
  await until(() => engine("a").tokensComputed > 2, "it writes");
  appendFileSync(fileOf("a"), "more");
  skipTime(running, 60_000);
  const next = ask("a", { max_tokens: 1 });
  await until(() => running.service.queue.waiting === 1, "the next one waits");

  expect((await readAll(reading)).text).toHaveLength(200 * 65_536);
  expect([(await next).status, ...engine("a").turnsInLoad]).toEqual([200, 1, 2]);
});
