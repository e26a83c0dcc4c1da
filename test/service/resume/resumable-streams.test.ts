// Resumable streams: after a reconnect no event is missing or repeated, and no other client can read them.

import { afterEach, describe, expect, test } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import { rawPost } from "../../support/clients/raw-client.ts";
import {
  openStream,
  postStream,
  readEvents as read,
  reopenStream,
  type StreamEvent,
} from "../../support/clients/resumable-stream.ts";
import { chat, post } from "../../support/clients/sse-client.ts";
import type { FakeEngine, FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService & { readonly engine: FakeEngine };
afterEach(async () => running.close());

async function start(engine: FakeEngineOptions = {}, settings: Partial<Config> = {}) {
  running = await startWithFake(engine, { resumeGraceMs: 60_000, ...settings });
}

const RESUMABLE = { "x-resumable": "true" };
const words = Array.from({ length: 40 }, (_, number) => `${number} `);
const writing: FakeEngineOptions = { texts: words, tokenMs: 3 };
const endless: FakeEngineOptions = {
  texts: ["word "],
  tokens: Number.POSITIVE_INFINITY,
  tokenMs: 2,
};

const open = (path: string, init?: RequestInit) => openStream(`${running.url}${path}`, init);

function ask(
  headers: Record<string, string> = RESUMABLE,
  body: object = {},
  path = "/v1/chat/completions",
) {
  const request = chat({ stream: true, max_tokens: 4_000, ...body });
  return postStream(`${running.url}${path}`, request, headers);
}

const reconnect = (location: string, after: string | undefined) =>
  reopenStream(`${running.url}${location}`, after);

function textOf(events: readonly StreamEvent[]): string {
  const chunks = events.filter(({ data }) => data !== "[DONE]").map(({ data }) => JSON.parse(data));
  return chunks.map(({ choices }) => choices?.[0]?.delta?.content ?? "").join("");
}

const idsOf = (events: readonly StreamEvent[]) => events.map(({ id }) => Number(id));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

test("a client that reconnects again and again gets every event once", async () => {
  await start(writing);
  const first = await ask();
  expect(first.location).toMatch(/^\/v1\/streams\/stream_\w+\?token=/);
  const events = await read(first, 3);
  while (events.at(-1)?.data !== "[DONE]")
    events.push(...(await read(await reconnect(first.location, events.at(-1)?.id), 7)));

  expect(idsOf(events)).toEqual(upTo(events.length));
  expect(textOf(events)).toBe(words.join(""));
  await until(() => running.service.queue.inside === 0, "it has ended");
  expect(running.logLines.at(-1)).toMatchObject({ outcome: "stop", tokensOut: 40 });
});

test("a client that reconnects after the end gets the rest, and then 204", async () => {
  await start({ texts: words });
  const first = await ask();
  const events = await read(first, 3);
  await until(() => running.service.queue.inside === 0, "it has ended");
  events.push(...(await read(await reconnect(first.location, "2"))));
  const { response } = await reconnect(first.location, events.at(-1)?.id);

  expect(idsOf(events)).toEqual(upTo(events.length));
  expect(textOf(events)).toBe(words.join(""));
  expect(response.status).toBe(204); // makes an EventSource stop reconnecting
  expect(await read(await open(`${first.location}&last_event_id=2`))).toEqual(events.slice(3));
});

test("stops when no client reconnects in time", async () => {
  await start(endless, { resumeGraceMs: 100 });
  const { location, ...stream } = await ask();
  await read({ location, ...stream }, 5);
  expect(running.engine.running).toBe(1);
  await until(() => running.service.queue.inside === 0, "it is stopped");

  expect(running.logLines.at(-1)).toMatchObject({ outcome: "aborted" });
  const status = async () => (await reconnect(location, "999999")).response.status; // reads no events
  expect(await status()).toBe(204);
  await until(async () => (await status()) === 404, "it is forgotten");
});

test("stops at once when it is deleted", async () => {
  await start(endless);
  const stream = await ask();
  const reading = read(stream);
  await until(() => running.engine.tokensComputed > 5, "it runs");
  const { response } = await open(stream.location, { method: "DELETE" });

  expect(response.status).toBe(204);
  expect(JSON.parse((await reading).at(-1)?.data ?? "")).toMatchObject({
    error: { code: "cancelled" },
  });
  await until(() => running.service.queue.inside === 0, "its place is free");
});

test("a plain stream has no address, and stops when its client disconnects", async () => {
  await start(endless);
  const stream = await ask({});
  expect(stream.location).toBe("");
  const events = await read(stream, 5);

  expect(events[0]?.id).toBeUndefined();
  await until(() => running.service.queue.inside === 0, "it is stopped");
});

test("with --resumable all streams are resumable unless the client declines", async () => {
  await start(writing, { resumable: true });

  expect((await ask({})).location).not.toBe("");
  expect((await ask({ "x-resumable": "false" })).location).toBe("");
});

test.each([
  ["/v1/completions", { prompt: "Hi", messages: undefined }],
  ["/v1/messages", {}],
  ["/v1/responses", { input: "Hi", messages: undefined, max_tokens: undefined }],
  ["/infill", { input_prefix: "a", input_suffix: "b", messages: undefined }],
])("works for %s too", async (path, body) => {
  await start(writing);
  const first = await ask(RESUMABLE, body, path);
  const events = await read(first, 6);
  events.push(...(await read(await reconnect(first.location, events.at(-1)?.id))));

  expect(idsOf(events)).toEqual(upTo(events.length));
  expect(events.map(({ data }) => data).join("")).toContain("39 ");
});

test("a refused request is refused at once, and has no address", async () => {
  await start({ contextTokens: 2 });
  const { response, location } = await ask(RESUMABLE, {
    messages: [{ role: "user", content: "one two three" }],
  });

  expect([response.status, location]).toEqual([400, ""]);
  const wrong = await ask({ "x-resumable": "perhaps" });
  expect(wrong.response.status).toBe(400);
  expect(await wrong.response.json()).toMatchObject({ error: { param: "x-resumable" } });
  await until(() => running.service.queue.inside === 0, "nothing is left");
});

test("a client can disconnect while the model loads, and reconnect for its answer", async () => {
  await start({ texts: words }, { heartbeatMs: 20 });
  running.engine.startLoading();
  const first = await ask();
  first.leave();
  const back = await reconnect(first.location, undefined);
  running.engine.becomeReady();

  expect(textOf(await read(back))).toBe(words.join(""));
});

describe("no client can read a stream", () => {
  test("without the key or the token", async () => {
    await start(writing, { apiKey: ["one", "two"] });
    const [one, two] = ["one", "two"].map((key) => ({ authorization: `Bearer ${key}` }));
    const { location } = await ask({ ...RESUMABLE, ...one });
    const [path = "", token = ""] = location.split("?token=");
    const status = async (at: string, headers = {}) =>
      (await open(at, { headers })).response.status;

    expect(await status(location)).toBe(200);
    expect(await status(path, one)).toBe(200);
    expect(await status(path)).toBe(401);
    expect(await status(path, two)).toBe(404);
    expect(await status(`${path}?token=${token.slice(1)}`)).toBe(404);
    expect(await status(`${path}?token=`)).toBe(404);
    expect(await status(`${path}?token=${token}&token=${token}`)).toBe(404);
    expect((await open(path, { method: "DELETE", headers: two ?? {} })).response.status).toBe(404);
  });

  test.each(["-1", "x", "1.5", "1".repeat(30)])("with the last event %s", async (id) => {
    await start(writing);
    const { location } = await ask();

    expect((await reconnect(location, id)).response.status).toBe(400);
  });

  test("with another method", async () => {
    await start(writing);
    const { location } = await ask();

    expect((await post(`${running.url}${location}`, {})).status).toBe(405);
  });
});

test("a reader that does not read stops only its own stream, within its memory limit", async () => {
  const large = { texts: ["x".repeat(20_000)], tokens: 500 };
  await start(large, { resumeBuffer: 64 * 65_536, stallTimeoutMs: 300, slots: 2 });
  const deaf = await rawPost(
    `${running.url}/v1/chat/completions`,
    chat({ stream: true, max_tokens: 500 }),
    {
      isDeaf: true,
      headers: RESUMABLE,
    },
  );
  await until(() => running.engine.tokensComputed > 5, "it runs");
  let last = -1;
  await until(() => {
    const isStill = running.engine.tokensComputed === last;
    last = running.engine.tokensComputed;
    return isStill;
  }, "it waits for its reader");

  expect(last).toBeLessThan(500);
  const other = await read(await ask({}, { max_tokens: 20 }));
  expect(textOf(other)).toHaveLength(20 * 20_000);
  deaf.socket.destroy();
});

test("a server that stops ends all readers' streams with an error", async () => {
  await start(endless, { drainTimeoutMs: 20 });
  const stream = await ask();
  const reading = Promise.all([read(stream), read(await open(stream.location))]);
  await running.close();

  for (const events of await reading)
    expect(JSON.parse(events.at(-1)?.data ?? "")).toMatchObject({ error: { code: "draining" } });
});
