// HEAD changes nothing, on any path and with any key.

import { afterAll, beforeAll, expect, test } from "vitest";
import { chat } from "../../support/clients/sse-client.ts";
import { startWithFake, until } from "../../support/start-service.ts";

let running: Awaited<ReturnType<typeof startWithFake>>;
afterAll(async () => running.close());

const KEY = { authorization: "Bearer right" };
const JSON_TYPE = { "content-type": "application/json" };
/** State that a request could change: a running and an ended stream, and a running and an ended response. */
const ids: Record<"streams" | "responses" | "requests", string[]> = {
  streams: [],
  responses: [],
  requests: ["running"],
};
const addresses: string[] = [];

const ask = (path: string, body: object, headers: Record<string, string> = {}) =>
  fetch(running.url + path, {
    method: "POST",
    headers: { ...KEY, ...JSON_TYPE, ...headers },
    body: JSON.stringify(body),
  });
const get = async (path: string) => {
  const response = await fetch(running.url + path, { headers: KEY });
  return (await response.json()) as Record<string, unknown>;
};

beforeAll(async () => {
  running = await startWithFake(
    { tokens: Number.POSITIVE_INFINITY, tokenMs: 5 },
    { apiKey: ["right"], slots: 8, resumeGraceMs: 60_000 },
  );
  for (const tokens of [4_000, 2]) {
    const headers = { "x-resumable": "true", ...(tokens > 2 ? { "x-request-id": "running" } : {}) };
    const stream = await ask(
      "/v1/chat/completions",
      chat({ stream: true, max_tokens: tokens }),
      headers,
    );
    if (tokens === 2) await stream.text();
    const address = stream.headers.get("location") ?? "";
    addresses.push(address);
    ids.streams.push(/stream_\w+/.exec(address)?.[0] ?? "");
    const body = { input: "Hi", background: true, max_output_tokens: Math.max(tokens, 16) };
    const response = (await (await ask("/v1/responses", body)).json()) as { id: string };
    ids.responses.push(response.id);
  }
  await until(() => running.service.queue.inside === 2, "what was short has ended");
});

/** Everything that a client can see of that state. */
async function stateNow() {
  const responses = await Promise.all(ids.responses.map((id) => get(`/v1/responses/${id}`)));
  const requests = (await get("/v1/requests")) as { data: { id: string }[] };
  return {
    inside: running.service.queue.inside,
    running: running.engine.running,
    responses: responses.map(({ status }) => status),
    requests: requests.data.map(({ id }) => id).sort(),
  };
}

async function pathsOf(): Promise<string[]> {
  const { endpoints } = (await get("/")) as { endpoints: string[] };
  const listed = endpoints.flatMap((path) => {
    const [, kind] = /^\/v1\/(streams|responses|requests)\/\{id\}/.exec(path) ?? [];
    const known = kind === undefined ? ["any"] : ids[kind as keyof typeof ids];
    return known.map((id) => path.replace(/\{\w+\}/g, id));
  });
  return [
    ...["/", "/favicon.svg", "/docs/start.js", "/assets/none.js", "/nothing", "/v1/ws"],
    ...listed,
    ...addresses,
    ...ids.streams.map((id) => `/v1/streams/${id}?last_event_id=1`),
    ...ids.responses.map((id) => `/v1/responses/${id}?stream=true`),
  ];
}

test("HEAD on all paths, with a key and without, changes nothing and does not wait", async () => {
  const before = await stateNow();
  expect(before).toMatchObject({ inside: 2, responses: ["in_progress", "incomplete"] });
  const paths = await pathsOf();
  expect(paths.length).toBeGreaterThan(50);

  for (const path of paths) {
    for (const headers of [KEY, {}, { ...KEY, "last-event-id": "1" }]) {
      const { status } = await fetch(running.url + path, {
        method: "HEAD",
        headers,
        signal: AbortSignal.timeout(20_000), // a busy machine
      });
      expect([status < 500, path]).toEqual([true, path]);
    }
  }

  expect(await stateNow()).toEqual(before);
  const [, ended = ""] = addresses;
  const again = await fetch(running.url + ended, { headers: { "last-event-id": "0" } });
  expect(await again.text()).toContain("[DONE]"); // the stream that had ended can still be read
});

test("HEAD on a stream shows whether it exists, by key and by token", async () => {
  const head = async (path: string, headers: Record<string, string> = {}) =>
    (await fetch(running.url + path, { method: "HEAD", headers })).status;
  const [address = ""] = addresses;
  const [id] = ids.streams;

  expect(await head(address)).toBe(200);
  expect(await head(`/v1/streams/${id}`, KEY)).toBe(200);
  expect(await head(`/v1/streams/${id}?token=wrong`)).toBe(404);
  expect(await head("/v1/streams/stream_none", KEY)).toBe(404);
});
