// GET and DELETE /v1/requests: they list and cancel running and waiting requests.

import { afterEach, expect, test } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import { chat, post, postSse, readAll } from "../../support/clients/sse-client.ts";
import type { FakeEngine, FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import {
  type RunningService,
  startWithFake,
  startWithFakeEmbeddings,
  until,
} from "../../support/start-service.ts";

let running: RunningService & { readonly engine?: FakeEngine };
afterEach(async () => running.close());

const endless: FakeEngineOptions = { tokens: Number.POSITIVE_INFINITY, tokenMs: 2 };

async function start(engine: FakeEngineOptions = endless, settings: Partial<Config> = {}) {
  const started = await startWithFake(engine, settings);
  running = started;
  return { ...started, chatUrl: `${started.url}/v1/chat/completions` };
}

type Headers = Record<string, string>;
async function list(headers: Headers = {}): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${running.url}/v1/requests`, { headers });
  return ((await response.json()) as { data: Record<string, unknown>[] }).data;
}
const stop = (id: string, headers: Headers = {}) =>
  fetch(`${running.url}/v1/requests/${id}`, { method: "DELETE", headers });

test("lists running and waiting requests, oldest first, without texts", async () => {
  const { chatUrl, engine } = await start(endless, { slots: 1 });
  const first = postSse(chatUrl, chat({ stream: true }), { "x-request-id": "a" });
  await until(() => engine.running === 1, "the first runs");
  const second = post(chatUrl, chat({ max_tokens: 4000 }), { "x-request-id": "b" });
  await until(async () => (await list()).length === 2, "the second is inside");

  const [a, b] = await list();
  expect(a).toMatchObject({
    id: "a",
    status: "running",
    stream: true,
    prompt_tokens: 1,
    position: null,
  });
  expect(b).toMatchObject({ id: "b", status: "queued", stream: false, position: 1 });
  expect(JSON.stringify([a, b])).not.toContain("Hi");
  for (const id of ["a", "b"]) expect((await stop(id)).status).toBe(200);
  await Promise.all([first.then(readAll), second]);
});

test.each([true, false])("cancels a running request (streamed: %s)", async (stream) => {
  const { chatUrl, engine, service } = await start();
  const asked = post(chatUrl, chat({ stream, max_tokens: 4000 }), { "x-request-id": "a" });
  await until(() => engine.tokensComputed > 3, "it runs");
  const stopped = await stop("a");

  expect(await stopped.json()).toEqual({ id: "a", object: "request", stopped: true });
  const response = await asked;
  expect(response.status).toBe(stream ? 200 : 409);
  expect(await response.text()).toContain('"code":"cancelled"');
  await until(() => service.queue.inside === 0, "its place is free");
  expect(await list()).toEqual([]);
});

test("cancels a waiting request, all requests with the same id, and one for embeddings", async () => {
  const { chatUrl, engine, service } = await start(endless, { slots: 1 });
  const both = [1, 2].map(() => post(chatUrl, chat({ max_tokens: 4000 }), { "x-request-id": "a" }));
  await until(() => engine.running === 1 && service.queue.waiting === 1, "both are inside");
  await stop("a");
  expect((await Promise.all(both)).map(({ status }) => status)).toEqual([409, 409]);
  await running.close();

  running = (await startWithFakeEmbeddings({ inputMs: 60_000 })) as unknown as typeof running;
  const vectors = post(`${running.url}/v1/embeddings`, { input: "a" }, { "x-request-id": "v" });
  await until(async () => (await list()).length === 1, "it is inside");
  await stop("v");
  expect((await vectors).status).toBe(409);
});

test("shows and cancels only the caller's own requests", async () => {
  const { chatUrl, engine } = await start(endless, { apiKey: ["one", "two"] });
  const [one, two] = ["one", "two"].map((key) => ({ authorization: `Bearer ${key}` }));
  const asked = post(chatUrl, chat({ max_tokens: 4000 }), { "x-request-id": "a", ...one });
  await until(() => engine.running === 1, "it runs");

  expect(await list(two)).toEqual([]);
  expect((await stop("a", two)).status).toBe(404);
  expect(await list(one)).toHaveLength(1);
  expect((await stop("a", one)).status).toBe(200);
  expect((await asked).status).toBe(409);
});
