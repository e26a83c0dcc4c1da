// Loading, unloading and deleting models over HTTP, with a key of scope admin.

import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { eventsOf } from "../../support/clients/expect-schema.ts";
import { chat, post } from "../../support/clients/sse-client.ts";
import { newKeysFile } from "../../support/keys.ts";
import { type FolderService, startWithFolder } from "../../support/model-folder.ts";
import { until } from "../../support/start-service.ts";

type Model = { readonly id: string; readonly meta: { readonly state: string } };

const ask = (running: FolderService, action: string, body: object) =>
  post(`${running.url}/v1/models/${action}`, body);
const remove = (running: FolderService, id: string) =>
  fetch(`${running.url}/v1/models/${id}`, { method: "DELETE" });

async function stateOf({ url }: FolderService, id: string): Promise<string> {
  const { meta } = (await (await fetch(`${url}/v1/models/${id}`)).json()) as Model;
  return meta.state;
}

/** Starts an answer that does not end. @returns a function that ends it */
async function keepBusy(running: FolderService, model: string): Promise<() => void> {
  const controller = new AbortController();
  const body = JSON.stringify({ model, prompt: "Hi", max_tokens: 1e6, stream: true });
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body, signal: controller.signal };
  await fetch(`${running.url}/v1/completions`, init);
  await until(() => running.engineOf(model).running === 1, "it runs");
  return () => controller.abort();
}

const ENDLESS = { tokens: Number.POSITIVE_INFINITY, tokenMs: 5 };

test("a load answers when the model is ready, and again at once", async () => {
  const running = await startWithFolder({ models: ["small"], engine: { loadMs: 20 } });

  const answers = [];
  for (const _ of [1, 2]) answers.push(await ask(running, "load", { model: "small" }));

  for (const answer of answers)
    expect(await answer.json()).toMatchObject({ id: "small", meta: { state: "ready" } });
  expect(running.engineOf("small").loads).toBe(1);
});

test("a streamed load shows the state until the model is ready", async () => {
  const running = await startWithFolder({ models: ["small"], engine: { loadMs: 600 } });

  const answer = await ask(running, "load", { model: "small", stream: true });

  const states = ((await eventsOf(answer)) as Model[]).map(({ meta }) => meta.state);
  expect(answer.headers.get("content-type")).toContain("text/event-stream");
  expect([states.at(0), states.at(-1)]).toEqual(["waiting", "ready"]);
  expect(states).toContain("loading");
});

test("a load that fails says why, as an answer and as the last event", async () => {
  const loadFailure = new ServiceError("engine_unavailable", "the file is broken");
  const running = await startWithFolder({ models: ["small"], engine: { loadFailure } });

  const whole = await ask(running, "load", { model: "small" });
  const events = await eventsOf(await ask(running, "load", { model: "small", stream: true }));

  const error = { code: "engine_unavailable", message: expect.stringContaining("broken") };
  expect([whole.status, await whole.json()]).toMatchObject([503, { error }]);
  expect(events.at(-1)).toMatchObject({ error });
});

test("a client that disconnects ends its wait, but not the load", async () => {
  const running = await startWithFolder({ models: ["small"], engine: { loadMs: 300 } });
  const body = JSON.stringify({ model: "small" });
  const headers = { "content-type": "application/json" };
  const controller = new AbortController();
  const init = { method: "POST", headers, body, signal: controller.signal };
  const answer = fetch(`${running.url}/v1/models/load`, init);
  answer.catch(() => {});
  await until(async () => (await stateOf(running, "small")) === "loading", "it loads");

  controller.abort();

  await expect(answer).rejects.toThrow();
  await until(async () => (await stateOf(running, "small")) === "ready", "it is loaded");
});

test("a load that takes longer than the request timeout is answered with 504", async () => {
  const running = await startWithFolder({
    models: ["small"],
    engine: { loadMs: 400 },
    settings: { requestTimeoutMs: 1_000 },
  });

  const answer = await post(
    `${running.url}/v1/models/load`,
    { model: "small" },
    { "x-deadline-ms": "20" },
  );

  expect([answer.status, await answer.json()]).toMatchObject([
    504,
    { error: { code: "deadline_exceeded" } },
  ]);
});

test("a load that waits when the server shuts down is answered with 503", async () => {
  const running = await startWithFolder({
    models: ["small"],
    settings: { drainTimeoutMs: 50 },
    engine: { isCold: true },
  });
  running.engineOf("small").holdLoads();
  const waiting = [false, true].map((stream) => ask(running, "load", { model: "small", stream }));
  const { lane } = running.service.models.resolve("small").model;
  await until(() => lane.waiting === 2, "both wait");

  await running.service.close();

  const [plain, streamed] = await Promise.all(waiting);
  expect(plain?.status).toBe(503);
  expect(await plain?.json()).toMatchObject({ error: { code: "draining" } });
  const events = streamed ? await eventsOf(streamed) : [];
  expect(events.at(-1)).toMatchObject({ error: { code: "draining" } });
});

test("an unload waits for running requests, and is fine for a model that is not loaded", async () => {
  const running = await startWithFolder({ models: ["small"], engine: ENDLESS });
  const end = await keepBusy(running, "small");

  const answer = ask(running, "unload", { model: "small" });
  await until(async () => (await stateOf(running, "small")) === "unloading", "it waits");
  expect(running.engineOf("small").unloads).toBe(0);
  end();

  expect(await (await answer).json()).toMatchObject({ meta: { state: "unloaded" } });
  expect(running.engineOf("small").unloads).toBe(1);
  const again = await ask(running, "unload", { model: "small" });
  expect([again.status, running.engineOf("small").unloads]).toEqual([200, 1]);
});

test("an admin may unload a pinned model, also at the paths of llama.cpp's server", async () => {
  const running = await startWithFolder();
  await running.service.firstLoad;
  const at = (action: string) => post(`${running.url}/models/${action}`, { model: "builtin" });

  expect(await (await at("unload")).json()).toMatchObject({ meta: { state: "unloaded" } });
  expect(await (await at("load")).json()).toMatchObject({ meta: { state: "ready" } });
});

test("a deleted model is unloaded when its request has ended, and its file is gone", async () => {
  const running = await startWithFolder({ models: ["small"], engine: ENDLESS });
  const file = path.join(running.folder, "small.gguf");
  const end = await keepBusy(running, "small");

  const answer = remove(running, "small");
  await until(
    async () => (await fetch(`${running.url}/v1/models/small`)).status === 404,
    "it is not offered any more",
  );
  expect(existsSync(file)).toBe(true);
  end();

  expect(await (await answer).json()).toEqual({ id: "small", object: "model", deleted: true });
  expect(existsSync(file)).toBe(false);
  expect((await remove(running, "small")).status).toBe(404);
});

test("a model that is named in the settings is not deleted, whatever it is called", async () => {
  const running = await startWithFolder({ settings: { alias: ["builtin", "*"] } });

  const [named, any] = [await remove(running, "builtin"), await remove(running, "gpt-4o")];

  expect([named.status, await named.json()]).toMatchObject([
    400,
    { error: { code: "invalid_value", message: expect.stringContaining("settings") } },
  ]);
  expect(any.status).toBe(404);
});

test("an unknown name is told what is served, and how to serve it only where an answer is asked for", async () => {
  const running = await startWithFolder({ models: ["small"] });
  const said = 'the model "smal" is not served here (did you mean small?); served: builtin, small';

  const answers = [
    await ask(running, "load", { model: "smal" }),
    await ask(running, "unload", { model: "smal" }),
    await remove(running, "smal"),
    await fetch(`${running.url}/v1/models/smal`),
    await post(`${running.url}/v1/completions`, { model: "smal", prompt: "Hi" }),
  ];

  const bodies = await Promise.all(
    answers.map((each) => each.json() as Promise<{ error: { message: string } }>),
  );
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
  const messages = bodies.map(({ error }) => error.message);
  expect(messages.slice(0, 4)).toEqual([said, said, said, said]);
  expect(messages[4]).toMatch(/^the model "smal" .*--alias builtin --alias smal/);
});

test("a key without the scope admin may not change the models", async () => {
  const keys = newKeysFile();
  const user = keys.add("user", "--scope", "generate", "--scope", "read");
  const running = await startWithFolder({ models: ["small"], settings: { keysFile: keys.path } });
  const body = JSON.stringify({ model: "small", source: "small", destination: "other" });
  const headers = { "content-type": "application/json", ...user };
  const calls: readonly (readonly [string, string])[] = [
    ...(["POST /v1/models/load", "POST /models/unload", "POST /v1/models/pull"] as const),
    ...(["GET /v1/models/pulls", "GET /v1/models/pulls/x", "DELETE /v1/models/pulls/x"] as const),
    ...(["DELETE /v1/models/small", "DELETE /api/delete", "POST /api/copy"] as const),
  ].map((call) => call.split(" ") as [string, string]);

  for (const [method, place] of calls) {
    const init = { method, headers, ...(method === "GET" ? {} : { body }) };
    const { status } = await fetch(running.url + place, init);
    expect([method, place, status]).toEqual([method, place, 403]);
  }
  expect(existsSync(path.join(running.folder, "small.gguf"))).toBe(true);
});

test("unknown fields are named, and refused with --strict", async () => {
  const running = await startWithFolder();
  const strict = await startWithFolder({ settings: { strict: true } });
  const body = { model: "builtin", force: true };

  const named = await ask(running, "load", body);
  const refused = await ask(strict, "load", body);

  expect([named.status, named.headers.get("x-ignored-params")]).toEqual([200, "force"]);
  expect(refused.status).toBe(400);
});

test("a file with the name under which the embeddings of another model are listed is a model of its own", async () => {
  const { url } = await startWithFolder({ models: ["a", "a (embeddings)"] });
  const ask = (model: string) => post(`${url}/v1/chat/completions`, chat({ model }));

  expect((await post(`${url}/v1/embeddings`, { model: "a", input: "one" })).status).toBe(200);
  expect((await ask("a (embeddings)")).status).toBe(200);
  expect((await ask("a")).status).toBe(200);
});
