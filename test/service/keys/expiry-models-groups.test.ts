// Keys that expire, keys that may use some models only, and groups of keys with common limits.

import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { chat, post, postSse } from "../../support/clients/sse-client.ts";
import { FakeEmbeddingEngine } from "../../support/engines/fake-embedding-engine.ts";
import { newKeysFile } from "../../support/keys.ts";
import {
  type RunningService,
  startFleet,
  startWithFake,
  until,
} from "../../support/start-service.ts";

let running: RunningService | undefined;
afterEach(async () => running?.close());

type Headers = Record<string, string>;

test("an expired key is refused with a 401 that says so, in every API and for WebSockets", async () => {
  const keys = newKeysFile();
  const old = keys.add("old", "--expires", "1d");
  const expires = "2026-01-31T23:59:59.999Z";
  const text = readFileSync(keys.path, "utf8").replace(
    /"expires": "[^"]*"/,
    `"expires": "${expires}"`,
  );
  writeFileSync(keys.path, text);
  running = await startWithFake({}, { keysFile: keys.path });
  const { url } = running;

  const openai = await post(`${url}/v1/chat/completions`, chat(), old);
  const gemini = await fetch(`${url}/v1beta/models`, { headers: old });

  expect(openai.status).toBe(401);
  expect(await openai.json()).toMatchObject({
    error: { code: "invalid_api_key", message: `this API key expired on ${expires}` },
  });
  expect(gemini.status).toBe(401);
  const upgrade = new WebSocket(`${url.replace("http", "ws")}/v1/ws`);
  await new Promise((resolve) => upgrade.addEventListener("open", resolve, { once: true }));
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    upgrade.addEventListener("close", (event) => resolve(event as never), { once: true }),
  );
  upgrade.send(JSON.stringify({ type: "auth", key: old.authorization.replace("Bearer ", "") }));
  expect(await closed).toMatchObject({ code: 4401, reason: `this API key expired on ${expires}` });
});

test("a key with models sees and uses only those, by all of their names, in every API", async () => {
  const keys = newKeysFile();
  const limited = keys.add("limited", "--models", "b", "--scope", "generate,embed,read,admin");
  const all = keys.add("all");
  const models = { a: {}, b: { aliases: ["second"] }, c: {} };
  const parts = { embeddingEngine: () => new FakeEmbeddingEngine({}) };
  running = await startFleet({ models, settings: { keysFile: keys.path }, parts });
  const { url } = running;
  const json = async (path: string, headers: Headers) =>
    // biome-ignore lint/suspicious/noExplicitAny: answers of several APIs
    (await (await fetch(url + path, { headers })).json()) as any;
  const ask = (path: string, body: object, headers: Headers = limited) =>
    post(url + path, body, headers).then(({ status }) => status);

  // biome-ignore lint/suspicious/noExplicitAny: as above
  const idsOf = (list: any[]) => list.map(({ id, name }) => id ?? name);
  expect(idsOf((await json("/v1/models", limited)).data)).toEqual(["b", "second"]);
  expect(idsOf((await json("/v1/models", all)).data)).toEqual(["a", "b", "second", "c"]);
  expect(idsOf((await json("/v1beta/models", limited)).models)).toEqual([
    "models/b",
    "models/second",
  ]);
  expect(idsOf((await json("/api/tags", limited)).models)).toEqual(["b:latest", "second:latest"]);
  expect((await json("/", limited)).models).toEqual(["b", "second"]);
  expect((await json("/v1/models/a", limited)).error.code).toBe("model_not_found");
  expect((await json("/props?model=a", limited)).error.code).toBe("model_not_found");

  const messages = [{ role: "user", content: "hi" }];
  expect(await ask("/v1/chat/completions", { model: "second", messages })).toBe(200);
  expect(await ask("/v1/chat/completions", { model: "a", messages })).toBe(404);
  expect(await ask("/v1/chat/completions", { messages })).toBe(200); // its first model
  expect(await ask("/v1/chat/completions", { model: "a", messages }, all)).toBe(200);
  expect(await ask("/api/chat", { model: "a", messages, stream: false })).toBe(404);
  expect(
    await ask("/v1beta/models/a:generateContent", { contents: [{ parts: [{ text: "hi" }] }] }),
  ).toBe(404);
  expect(await ask("/v1/messages/count_tokens", { model: "a", messages })).toBe(404);
  expect(await ask("/v1/embeddings", { model: "a", input: "x" })).toBe(404);
  expect(await ask("/v1/embeddings", { model: "b", input: "x" })).toBe(200);
  expect(await ask("/v1/models/load", { model: "a" })).toBe(404);
  expect(await ask("/v1/models/unload", { model: "a" })).toBe(404);
  expect(await ask("/api/copy", { source: "a", destination: "mine" })).toBe(404);
  const deleted = await fetch(`${url}/v1/models/a`, { method: "DELETE", headers: limited });
  expect(deleted.status).toBe(404);
});

test("a key whose models are not served gets an error that says so, and empty lists", async () => {
  const keys = newKeysFile();
  const key = keys.add("key", "--models", "other");
  running = await startWithFake({}, { keysFile: keys.path });

  const refused = await post(`${running.url}/v1/chat/completions`, chat(), key);
  const listed = await fetch(`${running.url}/v1/models`, { headers: key });

  expect(refused.status).toBe(404);
  expect(await refused.json()).toMatchObject({
    error: { message: "none of the models that this key may use is served here" },
  });
  expect(await listed.json()).toEqual({ object: "list", data: [] });
});

test("the keys of a group share its slots and its budgets", async () => {
  const keys = newKeysFile();
  keys.run("group", "pair", "--concurrent", "1");
  keys.run("group", "lab", "--tokens-per-day", "5");
  const [one, two] = ["one", "two"].map((name) => keys.add(name, "--group", "pair"));
  const [ann, bob] = ["ann", "bob"].map((name) => keys.add(name, "--group", "lab"));
  const engine = { tokens: Number.POSITIVE_INFINITY, tokenMs: 2 };
  const started = await startWithFake(engine, { keysFile: keys.path, slots: 4 });
  running = started;
  const chatUrl = `${started.url}/v1/chat/completions`;
  const body = chat({ stream: true, max_tokens: 4_000 });
  const first = await postSse(chatUrl, body, one);
  await until(() => started.engine.running === 1, "the first one runs");
  const second = postSse(chatUrl, chat({ stream: true, max_tokens: 2 }), two);
  await until(() => started.service.queue.waiting === 1, "the other key of its group waits");

  expect((await post(chatUrl, chat({ max_tokens: 8 }), ann)).status).toBe(200); // slots are free
  const refused = await post(chatUrl, chat(), bob);
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({
    error: {
      message:
        "the group lab of this key has used its 5 tokens per day; the next day begins at 00:00 UTC",
    },
  });
  expect(started.service.queue.waiting).toBe(1);
  first.leave();
  expect((await second).response.status).toBe(200);
});
