// The SSE contract of /v1/chat/completions, over real HTTP with a fake engine.

import { afterEach, expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { chat, post, postSse, readAll } from "../../support/clients/sse-client.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

const running: RunningService[] = [];

async function started(...args: Parameters<typeof startWithFake>) {
  const service = await startWithFake(...args);
  running.push(service);
  return { ...service, chatUrl: `${service.url}/v1/chat/completions` };
}

afterEach(async () => {
  for (const service of running.splice(0)) await service.close();
});

test("streams role, text, one finish chunk with timings, and [DONE]", async () => {
  const { chatUrl } = await started({ texts: ["Hel", "lo"] });

  const { chunks, isDone, text, comments } = await readAll(
    await postSse(chatUrl, chat({ stream: true })),
  );

  expect(text).toBe("Hello");
  expect(isDone).toBe(true);
  expect(comments.length).toBeGreaterThan(0);
  expect(chunks[0]?.choices?.[0]?.delta?.role).toBe("assistant");
  const finished = chunks.filter((chunk) => chunk.choices?.[0]?.finish_reason);
  expect(finished).toHaveLength(1);
  expect(finished[0]?.choices?.[0]?.finish_reason).toBe("stop");
  expect(finished[0]?.timings).toMatchObject({
    prompt_tokens: 1,
    generated_tokens: 2,
    cached_tokens: 0,
  });
  expect(chunks.every((chunk) => chunk.choices?.length === 1)).toBe(true);
});

test("sends the usage chunk only on request", async () => {
  const { chatUrl } = await started();

  const asked = await readAll(
    await postSse(chatUrl, chat({ stream: true, stream_options: { include_usage: true } })),
  );

  const last = asked.chunks.at(-1);
  expect(last?.choices).toEqual([]);
  expect(last?.usage).toMatchObject({ prompt_tokens: 1, completion_tokens: 2 });
});

test("sends the headers that SSE needs, and an id", async () => {
  const { chatUrl } = await started();

  const { response, events } = await postSse(chatUrl, chat({ stream: true }), {
    "x-request-id": "my-id.1",
  });
  for await (const _ of events);

  expect(response.headers.get("content-type")).toContain("text/event-stream");
  expect(response.headers.get("cache-control")).toBe("no-cache");
  expect(response.headers.get("x-accel-buffering")).toBe("no");
  expect(response.headers.get("content-encoding")).toBeNull();
  expect(response.headers.get("x-request-id")).toBe("my-id.1");
});

test("answers in one body, with Server-Timing, when no stream is requested", async () => {
  const { chatUrl } = await started({ texts: ["Hel", "lo"] });

  const response = await post(chatUrl, chat({ unknown_thing: 1 }));

  expect(response.status).toBe(200);
  expect(response.headers.get("server-timing")).toMatch(/queue;dur=.*total;dur=/);
  expect(response.headers.get("x-ignored-params")).toBe("unknown_thing");
  expect(await response.json()).toMatchObject({
    object: "chat.completion",
    choices: [{ message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    timings: { generated_tokens: 2 },
  });
});

test("refuses unknown fields under --strict", async () => {
  const { chatUrl } = await started({}, { strict: true });

  const response = await post(chatUrl, chat({ unknown_thing: 1 }));

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    error: { param: "unknown_thing", code: "unknown_parameter" },
  });
});

test("keeps a quiet stream alive with heartbeat comments", async () => {
  const { chatUrl } = await started({ prefillMs: 300 }, { heartbeatMs: 20 });

  const { comments, text } = await readAll(await postSse(chatUrl, chat({ stream: true })));

  expect(comments.filter((comment) => comment === "heartbeat").length).toBeGreaterThan(2);
  expect(text).toBe("Hello world");
});

test("ends a stream that fails in the middle with one error event, after the text that was sent", async () => {
  const error = new ServiceError("generation_failed", "the engine broke");
  const { chatUrl } = await started({ tokens: 5, failure: { error, afterTokens: 2 } });

  const { chunks, isDone, text } = await readAll(await postSse(chatUrl, chat({ stream: true })));

  expect(text).toBe("Hello world");
  expect(isDone).toBe(false);
  expect(chunks.at(-1)?.error).toMatchObject({
    code: "generation_failed",
    message: "the engine broke",
  });
});

test("answers a failure before the first byte with its status, streamed or not", async () => {
  const { chatUrl } = await started({ contextTokens: 2 });
  const messages = [{ role: "user", content: "one two three" }];

  for (const stream of [true, false]) {
    const response = await post(chatUrl, chat({ stream, messages }));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "context_length_exceeded" } });
  }
});

test("opens a stream while the model loads, sends the wait status, and answers when it is loaded", async () => {
  const { chatUrl, engine, url } = await started({}, { heartbeatMs: 20 });
  engine.startLoading();

  const answer = await postSse(chatUrl, chat({ stream: true }));
  const ready = await fetch(`${url}/ready`);
  engine.becomeReady();
  const { comments, text } = await readAll(answer);

  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ status: "loading", load_progress: 0.42 });
  expect(comments[1]).toBe("loading progress=0.42");
  expect(text).toBe("Hello world");
});

test("logs one line per request, without any of its text", async () => {
  const { chatUrl, logLines } = await started({ texts: ["secret-answer"] });

  await (
    await post(chatUrl, chat({ messages: [{ role: "user", content: "secret-prompt" }] }))
  ).text();

  const lines = logLines.filter((line) => line.msg === "request");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ model: "builtin", outcome: "stop", tokensIn: 1, tokensOut: 1 });
  expect(lines[0]).toMatchObject({ status: 200, key: null, client: "127.0.0.1" });
  expect(JSON.stringify(logLines)).not.toContain("secret");
});
