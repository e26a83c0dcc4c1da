// API keys as clients see them: scopes, limits, shares of the slots, and usage.

import { writeFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { operations } from "../../../src/api/openapi/operations.ts";
import { metricSum } from "../../support/clients/metric-sum.ts";
import { chat, post, postSse, readAll } from "../../support/clients/sse-client.ts";
import type { FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import { type KeysFile, newKeysFile, untilNoticed } from "../../support/keys.ts";
import {
  metric,
  type RunningService,
  startWithFake,
  startWithFakeEmbeddings,
  until,
} from "../../support/start-service.ts";

let running: RunningService | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await running?.close();
});

type Headers = Record<string, string>;

async function startWith(
  keys: KeysFile,
  engine: FakeEngineOptions = {},
  settings: Parameters<typeof startWithFake>[1] = {},
) {
  const service = await startWithFake(engine, { keysFile: keys.path, ...settings });
  running = service;
  const { url } = service;
  const chatUrl = `${url}/v1/chat/completions`;
  const ask = (headers: Headers, changes: object = {}) => post(chatUrl, chat(changes), headers);
  const usage = async (headers: Headers) =>
    (await (await fetch(`${url}/v1/usage`, { headers })).json()) as { data: object[] };
  return { ...service, chatUrl, ask, usage };
}

const endless = { tokens: Number.POSITIVE_INFINITY, tokenMs: 2 };

describe("scopes", () => {
  test("a key without the scope gets 403 in the envelope of the path", async () => {
    const keys = newKeysFile();
    const reader = keys.add("reader", "--scope", "read");
    const { url, ask } = await startWith(keys);

    const openai = await ask(reader);
    const anthropic = await post(`${url}/v1/messages`, {}, reader);

    expect([openai.status, anthropic.status]).toEqual([403, 403]);
    expect(await openai.json()).toEqual({
      error: {
        message: "POST /v1/chat/completions requires the scope generate; the key reader has: read",
        type: "permission_error",
        param: null,
        code: "permission_denied",
      },
    });
    expect(await anthropic.json()).toMatchObject({
      type: "error",
      error: { type: "permission_error", code: "permission_denied" },
    });
  });

  test("every operation of the document requires a scope, except those for any key", async () => {
    const keys = newKeysFile();
    const users = ["admin", "read"].map((scope) => keys.add(scope, "--scope", scope));
    const { url } = await startWith(keys);

    for (const { method, path, isPublic, isForAnyKey } of operations()) {
      const place = url + path.replace("{id}", "x");
      const answers = await Promise.all(users.map((headers) => fetch(place, { method, headers })));
      const isDenied = answers.some(({ status }) => status === 403);
      expect([method, path, isDenied]).toEqual([method, path, !isPublic && !isForAnyKey]);
    }
  });

  test.each<[string, string, string[]]>([
    ["generate", "/v1/streams/stream_x", ["/v1/embeddings", "/metrics"]],
    ["embed", "/v1/embeddings", ["/v1/responses/resp_x/cancel", "/v1/streams/stream_x"]],
    ["read", "/metrics", ["/rerank", "/v1/chat/completions/input_tokens"]],
  ])("scope %s allows %s, not %s", async (scope, allowed, denied) => {
    const keys = newKeysFile();
    const key = keys.add("key", "--scope", scope);
    const { url } = await startWith(keys);
    const statusOf = async (path: string) => (await fetch(url + path, { headers: key })).status;

    expect(await statusOf(allowed)).not.toBe(403);
    expect(await Promise.all(denied.map(statusOf))).toEqual([403, 403]);
  });

  test("requests without a known key are refused, also while the file is empty", async () => {
    const keys = newKeysFile();
    keys.add("gone");
    keys.revoke("gone");
    const { ask } = await startWith(keys);

    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: "Bearer sluice-x" })).status).toBe(401);
  });

  test("plain keys beside a file may do everything", async () => {
    const keys = newKeysFile();
    const alice = keys.add("alice");
    const { url, ask } = await startWith(keys, {}, { apiKey: ["plain"] });

    expect((await ask(alice)).status).toBe(200);
    expect((await ask({ "x-api-key": "plain" })).status).toBe(200);
    const listed = await fetch(`${url}/v1/usage`, { headers: { "x-api-key": "plain" } });
    const { data } = (await listed.json()) as { data: { key: string }[] };
    expect(data.map(({ key }) => key)).toEqual(["key-1", "alice"]);
  });
});

describe("the file", () => {
  test("is read again when it changes: new keys are accepted, revoked ones are not", async () => {
    const keys = newKeysFile();
    const old = keys.add("old");
    const { ask } = await startWith(keys);
    expect((await ask(old)).status).toBe(200);

    const fresh = keys.add("fresh");
    await untilNoticed(keys.path, async () => (await ask(fresh)).status === 200);
    keys.revoke("old");
    await untilNoticed(keys.path, async () => (await ask(old)).status === 401);
  });

  test("keeps its last keys when it becomes invalid, and logs an error", async () => {
    const keys = newKeysFile();
    const alice = keys.add("alice");
    const { ask, logLines } = await startWith(keys);

    writeFileSync(keys.path, "{");
    const isTold = () => logLines.some(({ msg }) => String(msg).includes("is not valid JSON"));
    await untilNoticed(keys.path, isTold);

    expect((await ask(alice)).status).toBe(200);
  });

  test("prevents the start when it is invalid or missing", async () => {
    const keys = newKeysFile();

    await expect(startWith(keys)).rejects.toThrow(`there is no keys file ${keys.path}`);
    writeFileSync(keys.path, "{}");
    await expect(startWith(keys)).rejects.toThrow(`the keys file ${keys.path} is not valid`);
  });
});

describe("limits", () => {
  test("a running stream is never cut; the next request gets 429 until the tokens are back", async () => {
    const keys = newKeysFile();
    const alice = keys.add("alice", "--tokens-per-minute", "60");
    const other = keys.add("other");
    const { chatUrl, ask } = await startWith(keys, { tokens: 200 });

    const stream = await postSse(chatUrl, chat({ stream: true, max_tokens: 200 }), alice);
    const { chunks } = await readAll(stream);
    const refused = await ask(alice);

    expect(chunks.at(-1)?.choices?.[0]?.finish_reason).toBe("stop");
    expect(stream.response.headers.get("x-ratelimit-limit-tokens")).toBe("60");
    expect(stream.response.headers.get("x-ratelimit-remaining-tokens")).toBe("60");
    expect(stream.response.headers.get("x-ratelimit-reset-tokens")).toBe("0ms");
    expect(refused.status).toBe(429);
    const { error } = (await refused.json()) as { error: object };
    expect(error).toEqual({
      message: "this key has used its 60 tokens per minute; try again later",
      type: "rate_limit_error",
      param: null,
      code: "rate_limit_exceeded",
    });
    // 201 spent, at one each second: 142 s until there is one again.
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(135);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThan(143);
    expect(refused.headers.get("x-ratelimit-remaining-tokens")).toBe("0");
    expect(refused.headers.get("x-ratelimit-reset-tokens")).toMatch(/^3m\d+(\.\d+)?s$/);
    expect((await ask(other)).status).toBe(200);
    expect((await ask(other)).headers.get("x-ratelimit-limit-tokens")).toBeNull();
  });

  test("a prompt counts as soon as it is read", async () => {
    const keys = newKeysFile();
    const alice = keys.add("alice", "--tokens-per-minute", "60");
    const { chatUrl, ask, engine } = await startWith(keys, { ...endless, prefillMs: 60_000 });
    const messages = [{ role: "user", content: "word ".repeat(99) }];
    const stream = await postSse(chatUrl, chat({ stream: true, messages }), alice);
    await until(() => engine.running === 1, "it has a slot");

    expect((await ask(alice)).status).toBe(429);
    stream.leave();
  });

  test("Retry-After is correct: after it the next request is accepted", async () => {
    const keys = newKeysFile();
    const alice = keys.add("alice", "--tokens-per-minute", "600");
    const { ask } = await startWith(keys, { tokens: 1_200 });
    await ask(alice, { max_tokens: 1_200 });
    const now = performance.now.bind(performance);
    let aheadMs = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now() + aheadMs);

    const refused = await ask(alice);
    const seconds = Number(refused.headers.get("retry-after"));
    expect([refused.status, seconds > 0, seconds <= 61]).toEqual([429, true, true]);
    aheadMs = seconds * 1_000;

    expect((await ask(alice)).status).toBe(200);
  });

  test("Anthropic's clients get the limit in Anthropic's form", async () => {
    const keys = newKeysFile();
    const alice = keys.add("alice", "--tokens-per-minute", "1");
    const { url, ask } = await startWith(keys);
    await ask(alice);

    const refused = await post(`${url}/v1/messages`, { ...chat(), model: "builtin" }, alice);

    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(await refused.json()).toMatchObject({
      type: "error",
      error: { type: "rate_limit_error", code: "rate_limit_exceeded" },
    });
  });

  test("a key uses no more than its own slots, even if others are free", async () => {
    const keys = newKeysFile();
    const alice = keys.add("alice", "--concurrent", "1", "--waiting", "1");
    const { chatUrl, ask, engine, usage } = await startWith(
      ...([keys, endless, { slots: 4, heartbeatMs: 20 }] as const),
    );
    const streams = [1, 2].map(() =>
      postSse(chatUrl, chat({ stream: true, max_tokens: 4000 }), alice),
    );
    await until(() => engine.running === 1, "one runs");
    const { data } = await usage(alice);

    const third = await ask(alice);

    expect(data).toMatchObject([{ key: "alice", running: 1, waiting: 1 }]);
    expect(third.status).toBe(429);
    expect(Number(third.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(await third.json()).toMatchObject({
      error: {
        code: "rate_limit_exceeded",
        message:
          "this key has 1 running and 1 waiting requests; its limit is 1 running and 1 waiting; try again later",
      },
    });
    expect(engine.peakRunning).toBe(1);
    for (const stream of streams) (await stream).leave();
  });

  test("embeddings use the same token limit", async () => {
    const keys = newKeysFile();
    const alice = keys.add("alice", "--tokens-per-minute", "2");
    running = await startWithFakeEmbeddings({}, { keysFile: keys.path });
    const embed = () =>
      post(`${running?.url}/v1/embeddings`, { input: ["one", "two", "three"] }, alice);

    const first = await embed();
    const second = await embed();

    expect([first.status, second.status]).toEqual([200, 429]);
    expect(first.headers.get("x-ratelimit-remaining-tokens")).toBe("2");
    expect(await second.json()).toMatchObject({ error: { code: "rate_limit_exceeded" } });
  });
});

describe("shares", () => {
  test("a key with one request is served soon, even if another key has many requests waiting", async () => {
    const keys = newKeysFile();
    const [greedy, modest] = [keys.add("greedy"), keys.add("modest")];
    const { ask, chatUrl, service, logLines } = await startWith(
      ...([keys, endless, { slots: 2, queue: 200 }] as const),
    );
    const body = chat({ stream: true, max_tokens: 4000 });
    const holders = await Promise.all([1, 2].map(() => postSse(chatUrl, body, greedy)));
    const many = Array.from({ length: 50 }, () => ask(greedy, { max_tokens: 4 }));
    await until(() => service.queue.waiting === 50, "50 wait");
    const one = ask(modest, { max_tokens: 4 });
    await until(() => service.queue.waiting === 51, "51 wait");

    for (const { leave } of holders) leave();
    const { status } = await one;

    const ended = logLines.filter(({ msg }) => msg === "request");
    expect(status).toBe(200);
    expect(ended.length).toBeLessThan(8); // including the two that disconnected
    expect((await Promise.all(many)).map((each) => each.status)).toEqual(Array(50).fill(200));
  });

  test("one key cannot fill the queue for the others", async () => {
    const keys = newKeysFile();
    const [greedy, modest] = [keys.add("greedy"), keys.add("modest")];
    const { ask, service } = await startWith(
      ...([keys, { tokens: 5, tokenMs: 2 }, { slots: 1, queue: 8 }] as const),
    );
    const many = Array.from({ length: 30 }, () => ask(greedy));
    await until(() => service.queue.waiting >= 5, "the queue is as full as it gets");

    expect((await ask(modest)).status).toBe(200);
    const statuses = (await Promise.all(many)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
  });
});

test("the log names the key, the client behind a trusted proxy, and the status", async () => {
  const keys = newKeysFile();
  const alice = keys.add("alice");
  const { ask, logLines } = await startWith(keys, {}, { trustProxy: ["loopback"] });
  const proxied = { "x-forwarded-for": "192.0.2.7" };
  await (await ask({ ...alice, ...proxied })).text();
  await ask({ ...alice, ...proxied }, { max_tokens: 0 });
  await ask({ authorization: "Bearer wrong", ...proxied });

  const lines = logLines.filter(({ msg }) => msg === "request");
  expect(lines.map(({ key, client, status }) => [key, client, status])).toEqual([
    ["alice", "192.0.2.7", 200],
    ["alice", "192.0.2.7", 400],
    [null, "192.0.2.7", 401],
  ]);
});

describe("usage", () => {
  test("shows a key its own usage, and an admin the usage of all keys", async () => {
    const keys = newKeysFile();
    const [alice, bob] = [keys.add("alice"), keys.add("bob")];
    const admin = keys.add("boss", "--scope", "admin");
    const { ask, usage, url } = await startWith(keys, { texts: ["a", "b", "c"] });
    await ask(alice);
    await ask(alice, { messages: [{ role: "user", content: "one two three" }], n: 2 });
    await ask(bob, { max_tokens: 0 }); // refused, so it does not count

    const lineOf = (
      key: string,
      [requests, prompt, completion, budget]: readonly [number, number, number, number],
    ) => ({
      object: "key.usage",
      key,
      requests,
      prompt_tokens: prompt,
      cached_tokens: 0,
      completion_tokens: completion,
      tokens_today: budget,
      tokens_this_month: budget,
      running: 0,
      waiting: 0,
    });
    const [ofAlice, ofBob, ofBoss] = [
      lineOf("alice", [2, 4, 9, 16]), // a prompt costs once for each choice
      lineOf("bob", [0, 0, 0, 0]),
      lineOf("boss", [0, 0, 0, 0]),
    ];
    const since = expect.any(Number);
    expect(await usage(alice)).toEqual({ object: "list", since, data: [ofAlice] });
    expect(await usage(bob)).toEqual({ object: "list", since, data: [ofBob] });
    expect(await usage(admin)).toEqual({ object: "list", since, data: [ofAlice, ofBob, ofBoss] });
    const scraper = keys.add("scraper", "--scope", "read", "--scope", "admin");
    await until(async () => (await usage(admin)).data.length === 4, "the new key is known");
    const seriesFor = async (headers: Record<string, string>) => {
      const text = await (await fetch(`${url}/metrics`, { headers })).text();
      expect(metricSum(text, "sluice_requests_total", { outcome: "stop" })).toBe(2);
      return text.split("\n").filter((line) => line.startsWith("sluice_key_"));
    };
    const ofAlices = [
      'sluice_key_requests_total{key="alice"} 2',
      'sluice_key_tokens_total{key="alice",direction="in"} 4',
      'sluice_key_tokens_total{key="alice",direction="cached"} 0',
      'sluice_key_tokens_total{key="alice",direction="out"} 9',
    ];
    expect(await seriesFor(alice)).toEqual(ofAlices);
    expect(await seriesFor(bob)).toHaveLength(4);
    expect(String(await seriesFor(bob))).not.toContain("alice");
    expect(await seriesFor(scraper)).toEqual(expect.arrayContaining(ofAlices));
    expect(await seriesFor(scraper)).toHaveLength(16);
  });

  test("no path shows a key the names or requests of other keys", async () => {
    const keys = newKeysFile();
    const [alice, bob] = [keys.add("alice"), keys.add("bob")];
    const admin = keys.add("boss", "--scope", "read", "--scope", "admin");
    const { chatUrl, engine, url } = await startWith(keys, endless, { slots: 2, queue: 4 });
    const body = chat({ stream: true, max_tokens: 4000 });
    const ours = { ...alice, "x-request-id": "alices-own-id" };
    const streams = [await postSse(chatUrl, body, ours), await postSse(chatUrl, body, ours)];
    await until(() => engine.running === 2, "both run");
    const waiting = await postSse(chatUrl, body, ours);

    const bodyOf = async (path: string, headers: Record<string, string>) =>
      (await fetch(url + path, { headers })).text();
    const paths = ["/metrics", "/slots", "/props", "/ready", "/v1/requests", "/v1/usage", "/"];
    const others = [
      "/v1/models",
      "/api/ps",
      "/v1/requests/alices-own-id",
      "/slots?fail_on_no_slot=1",
    ];
    for (const path of [...paths, ...others])
      expect([path, await bodyOf(path, bob)]).toEqual([path, expect.not.stringContaining("alice")]);
    const slots = JSON.parse(await bodyOf("/slots", bob));
    const busy = { n_reserved: null, speculative: false, is_processing: true };
    expect(slots).toEqual([0, 1].map((id) => ({ id, n_ctx: slots[0].n_ctx, ...busy })));
    for (const headers of [alice, admin])
      expect(JSON.parse(await bodyOf("/slots", headers))).toMatchObject([
        ...[{ request_id: "alices-own-id" }, { request_id: "alices-own-id" }],
      ]);
    for (const { leave } of [...streams, waiting]) leave();
  });

  test("is visible to every client on a server without keys", async () => {
    running = await startWithFakeEmbeddings();
    const { url } = running;
    await post(`${url}/v1/chat/completions`, chat());
    await post(`${url}/v1/embeddings`, { input: ["one", "two"] });

    const { data } = (await (await fetch(`${url}/v1/usage`)).json()) as { data: object[] };

    expect(data).toMatchObject([
      { key: "anonymous", requests: 2, prompt_tokens: 3, completion_tokens: 2 },
    ]);
    expect(await metric(url, "sluice_key_requests_total", { key: "anonymous" })).toBe(2);
  });

  test("does not count the prompt of a request that never had a slot", async () => {
    const keys = newKeysFile();
    const alice = keys.add("alice");
    const { chatUrl, engine, service, usage } = await startWith(keys, endless, { slots: 1 });
    const body = chat({ stream: true, max_tokens: 4000 });
    const runs = await postSse(chatUrl, body, alice);
    await until(() => engine.running === 1, "one runs");
    const waits = await postSse(chatUrl, body, alice);
    await until(() => service.queue.waiting === 1, "one waits");

    waits.leave();
    await until(() => service.queue.inside === 1, "it has left");

    expect((await usage(alice)).data).toMatchObject([
      { requests: 1, prompt_tokens: 0, running: 1 },
    ]);
    runs.leave();
  });
});
