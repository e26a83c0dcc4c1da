// Why a prompt missed the cache, over real HTTP: in the header, in the last chunk of a stream, in the vendors' diagnostics, in the
// log and in the metrics; and that a key learns nothing about the prompts of others.

import { afterEach, describe, expect, test } from "vitest";
import type { Config } from "../../../src/service.ts";
import { post, postSse, readAll, readEvents } from "../../support/clients/sse-client.ts";
import type { FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import { words } from "../../support/prompts.ts";
import { metric, startWithFake } from "../../support/start-service.ts";

type Running = Awaited<ReturnType<typeof startWithFake>>;

let running: Running;
afterEach(async () => running.close());

const CHAT = "/v1/chat/completions";
const MESSAGES = "/v1/messages";
const RESPONSES = "/v1/responses";
const user = { role: "user", content: words("question", 400) };
/** The fake engine renders one token for each word. */
const chatOf = (system: string) => ({ messages: [{ role: "system", content: system }, user] });

async function start(engine: FakeEngineOptions = {}, settings: Partial<Config> = {}) {
  running = await startWithFake(engine, settings);
}

async function send(path: string, body: object, key = "") {
  const headers = key === "" ? {} : { authorization: `Bearer ${key}` };
  const response = await post(running.url + path, body, headers);
  const miss = response.headers.get("x-cache-miss");
  return { miss, body: (await response.json()) as Record<string, never> };
}

const lines = () => running.logLines.filter(({ msg }) => msg === "request");

test("a changed system prompt is named in the header, the timings, the log and the metrics", async () => {
  await start();
  const first = await send(CHAT, chatOf("It is noon."));
  const second = await send(CHAT, chatOf("It is one o'clock."));

  expect(first.miss).toBeNull();
  expect(first.body).not.toHaveProperty("timings.cache_miss");
  const missed = 402; // in the share of the text that both have
  expect(second.miss).toBe(`prefix_changed; missed=${missed}; token=0; in="system"`);
  expect(second.body).toMatchObject({
    timings: {
      cache_miss: { reason: "prefix_changed", missed_tokens: missed, token: 0, part: "system" },
    },
  });
  const [before, line] = lines();
  expect(before).not.toHaveProperty("cacheMiss");
  expect(line).toMatchObject({
    cacheMiss: "prefix_changed",
    tokensMissed: missed,
    tokensShared: 0,
    changedIn: "system",
  });
  const counted = (outcome: string) =>
    metric(running.url, "sluice_prefix_tokens_total", { tier: "none", outcome });
  expect(await counted("prefix_changed")).toBe(missed);
  expect(await counted("new")).toBe(403 + 404 - missed);
});

test("cached tokens are counted by the tier that had them", async () => {
  await start({ cachedTokens: 300 });
  await send(CHAT, chatOf("Be brief."));

  expect(
    await metric(running.url, "sluice_prefix_tokens_total", { tier: "slot", outcome: "hit" }),
  ).toBe(300);
});

test("a stream says it in its last chunk, because its headers are sent before the prompt is read", async () => {
  await start();
  await send(CHAT, chatOf("It is noon."));
  const body = { ...chatOf("It is noon."), stream: true };
  const answer = await postSse(running.url + CHAT, body);
  const { chunks } = await readAll(answer);

  expect(answer.response.headers.get("x-cache-miss")).toBeNull();
  expect(chunks.at(-1)).toMatchObject({
    timings: { cache_miss: { reason: "evicted", missed_tokens: 384, token: 384 } },
  });
});

test("a prefix of another key is logged, but not told", async () => {
  await start({}, { apiKey: ["one", "two"] });
  await send(CHAT, chatOf("It is noon."), "one");
  const { miss, body } = await send(CHAT, chatOf("It is noon."), "two");

  expect(miss).toBeNull();
  expect(body).not.toHaveProperty("timings.cache_miss");
  expect(lines().at(-1)).toMatchObject({ cacheMiss: "scope", tokensMissed: 384 });
});

test("a request that does not use the cache leaves no trace for later ones", async () => {
  await start();
  await send(CHAT, { ...chatOf("It is noon."), cache_prompt: false });

  expect((await send(CHAT, chatOf("It is noon."))).miss).toBeNull();
  expect((await send(CHAT, { ...chatOf("It is noon."), cache_prompt: false })).miss).toBeNull();
});

describe("Anthropic's diagnostics", () => {
  const message = (system: string, previous_message_id?: string | null) => ({
    max_tokens: 5,
    system,
    messages: [user],
    ...(previous_message_id === undefined ? {} : { diagnostics: { previous_message_id } }),
  });
  const NOT_FOUND = { cache_miss_reason: { type: "previous_message_not_found" } };

  test("compare a message with the one that is named", async () => {
    await start({}, { apiKey: ["one", "two"] });
    const { body: first } = await send(MESSAGES, message("It is noon.", null), "one");
    const compared = async (system: string, key: string, id: string = first.id ?? "") =>
      (await send(MESSAGES, message(system, id), key)).body.diagnostics;

    expect(first.diagnostics).toBeNull();
    expect(await compared("It is noon.", "one")).toBeNull();
    expect(await compared("It is late.", "one")).toEqual({
      cache_miss_reason: { type: "system_changed", cache_missed_input_tokens: 403 },
    });
    expect(await compared("It is noon.", "two")).toEqual(NOT_FOUND);
    expect(await compared("It is noon.", "one", "msg_0")).toEqual(NOT_FOUND);
    expect((await send(MESSAGES, message("It is noon."), "one")).body).not.toHaveProperty(
      "diagnostics",
    );
  });

  test("come with the first event of a stream", async () => {
    await start();
    const { body: first } = await send(MESSAGES, message("It is noon.", null));
    const asked = { ...message("It is late.", first.id), stream: true };
    const response = await post(running.url + MESSAGES, asked);
    const data: string[] = [];
    for await (const event of readEvents(response))
      if (event.type === "frame") data.push(event.message.data);

    expect(JSON.parse(data[0] ?? "")).toMatchObject({
      message: { diagnostics: { cache_miss_reason: { type: "system_changed" } } },
    });
  });
});

test("a response is compared with the one that is named", async () => {
  await start({}, { apiKey: ["one", "two"] });
  const asked = (instructions: string, comparison_response_id?: string) => ({
    instructions,
    input: user.content,
    ...(comparison_response_id ? { prompt_cache_options: { comparison_response_id } } : {}),
  });
  const { body: first } = await send(RESPONSES, asked("It is noon."), "one");
  const compared = async (instructions: string, key: string) =>
    (await send(RESPONSES, asked(instructions, first.id), key)).body.prompt_cache_diagnostics;

  expect(first).not.toHaveProperty("prompt_cache_diagnostics");
  expect(await compared("It is noon.", "one")).toEqual({ type: "cache_hit" });
  expect(await compared("It is late.", "one")).toEqual({
    type: "cache_miss",
    reason: "input_changed",
    cache_missed_tokens: 403,
    comparison_reusable_tokens: 0,
  });
  expect(await compared("It is noon.", "two")).toEqual({ type: "comparison_response_not_found" });
});
