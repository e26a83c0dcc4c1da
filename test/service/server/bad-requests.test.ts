// Common mistakes of clients: each gets a 4xx in OpenAI's envelope that names the field, and the server keeps serving.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chat, post } from "../../support/clients/sse-client.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService;
beforeAll(async () => {
  running = await startWithFake({}, { bodyLimit: 100_000 });
});
afterAll(async () => running.close());

const message = { role: "user", content: "Hi" };
const image = { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } };

/** Title, body (or fields added to a valid message), error code, field. */
const CHAT: readonly [string, unknown, string, string | null][] = [
  ["no JSON", "{", "invalid_json", null],
  ["an empty body", "", "missing_parameter", "messages"],
  ["an array", "[]", "invalid_json", null],
  ["a string", '"hello"', "invalid_json", null],
  ["null", "null", "invalid_json", null],
  ["a lone surrogate as a stop", { stop: "\ud800" }, "invalid_value", "stop"],
  ["no messages", { messages: undefined }, "missing_parameter", "messages"],
  ["an empty list of messages", { messages: [] }, "invalid_value", "messages"],
  ["messages that are text", { messages: "Hi" }, "invalid_value", "messages"],
  ["a message that is text", { messages: ["Hi"] }, "invalid_value", "messages[0]"],
  ["a message that is null", { messages: [null] }, "invalid_value", "messages[0]"],
  [
    "an unknown role",
    { messages: [{ ...message, role: "robot" }] },
    "invalid_value",
    "messages[0].role",
  ],
  ["no role", { messages: [{ content: "Hi" }] }, "missing_parameter", "messages[0].role"],
  ["no content", { messages: [{ role: "user" }] }, "missing_parameter", "messages[0].content"],
  [
    "content that is a number",
    { messages: [{ ...message, content: 1 }] },
    "invalid_value",
    "messages[0].content",
  ],
  [
    "an image",
    { messages: [{ role: "user", content: [image] }] },
    "unsupported_content",
    "messages[0].content[0]",
  ],
  ["temperature as text", { temperature: "hot" }, "invalid_value", "temperature"],
  ["temperature above 2", { temperature: 2.1 }, "invalid_value", "temperature"],
  ["a negative temperature", { temperature: -1 }, "invalid_value", "temperature"],
  ["top_p above 1", { top_p: 1.5 }, "invalid_value", "top_p"],
  ["top_k with a fraction", { top_k: 1.5 }, "invalid_value", "top_k"],
  ["min_p below 0", { min_p: -0.1 }, "invalid_value", "min_p"],
  ["presence_penalty above 2", { presence_penalty: 3 }, "invalid_value", "presence_penalty"],
  ["frequency_penalty below -2", { frequency_penalty: -3 }, "invalid_value", "frequency_penalty"],
  ["repeat_penalty 0", { repeat_penalty: 0 }, "invalid_value", "repeat_penalty"],
  ["a seed with a fraction", { seed: 0.5 }, "invalid_value", "seed"],
  ["max_tokens 0", { max_tokens: 0 }, "invalid_value", "max_tokens"],
  ["max_tokens as text", { max_tokens: "9" }, "invalid_value", "max_tokens"],
  [
    "max_completion_tokens below -1",
    { max_completion_tokens: -2 },
    "invalid_value",
    "max_completion_tokens",
  ],
  [
    "two different limits",
    { max_tokens: 5, max_completion_tokens: 6 },
    "invalid_value",
    "max_tokens",
  ],
  ["1001 stops", { stop: Array.from({ length: 1001 }, (_, i) => `${i}`) }, "invalid_value", "stop"],
  ["a stop that is a number", { stop: 5 }, "invalid_value", "stop"],
  ["min_tokens below 0", { min_tokens: -1 }, "invalid_value", "min_tokens"],
  ["ignore_eos as text", { ignore_eos: "yes" }, "invalid_value", "ignore_eos"],
  ["stream as text", { stream: "true" }, "invalid_value", "stream"],
  ["stream_options as text", { stream_options: "usage" }, "invalid_value", "stream_options"],
  ["logit_bias above 100", { logit_bias: { 5: 101 } }, "invalid_value", "logit_bias.5"],
  ["logit_bias of a word", { logit_bias: { hello: 1 } }, "invalid_value", "logit_bias.hello"],
  ["a model that is a number", { model: 5 }, "invalid_value", "model"],
  [
    "a schema that is wrong in itself",
    { json_schema: { type: "text" } },
    "unsupported_schema",
    "json_schema.type",
  ],
  ["a grammar", { grammar: "root ::= x" }, "unsupported_parameter", "grammar"],
  ["audio", { modalities: ["text", "audio"] }, "unsupported_parameter", "modalities"],
];

describe("POST /v1/chat/completions", () => {
  test.each(CHAT)("answers %s with 400", async (_name, given, code, param) => {
    const body = typeof given === "string" ? given : chat(given as object);

    const response = await post(`${running.url}/v1/chat/completions`, body);

    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    expect(error).toMatchObject({ code, param, type: "invalid_request_error" });
    expect(String(error.message).length).toBeGreaterThan(10);
  });

  test("accepts SDK defaults that change nothing", async () => {
    const defaults = {
      n: 1,
      tools: [],
      tool_choice: "auto",
      logprobs: false,
      response_format: { type: "text" },
      user: "me",
      metadata: {},
      store: false,
      stop: null,
      seed: null,
      max_tokens: null,
    };

    const response = await post(`${running.url}/v1/chat/completions`, chat(defaults));

    expect(response.status).toBe(200);
    expect(response.headers.get("x-ignored-params")).toBeNull();
  });
});

test("answers an unknown model with 404, the served ids and the remedy", async () => {
  const response = await post(`${running.url}/v1/chat/completions`, chat({ model: "gpt-4" }));

  expect(response.status).toBe(404);
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  expect(error.code).toBe("model_not_found");
  expect(error.message).toMatch(/builtin.*--alias/);
});

test("answers a body that is too large with 413", async () => {
  const messages = [{ role: "user", content: "x".repeat(200_000) }];

  const response = await post(`${running.url}/v1/chat/completions`, chat({ messages }));

  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ error: { code: "body_too_large" } });
});

test("answers a body that is not declared as JSON with 415", async () => {
  const response = await fetch(`${running.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body: JSON.stringify(chat()),
  });

  expect(response.status).toBe(415);
  expect(await response.json()).toMatchObject({ error: { code: "unsupported_media_type" } });
});

test("answers 100,000 nested lists with 400", async () => {
  const response = await post(
    `${running.url}/v1/chat/completions`,
    `{"messages":${"[".repeat(45_000)}${"]".repeat(45_000)}}`,
  );

  expect(response.status).toBe(400);
});

test.each([
  ["GET", "/v1/chat/completions", 405, "method_not_allowed"],
  ["POST", "/v1/models", 405, "method_not_allowed"],
  ["DELETE", "/health", 405, "method_not_allowed"],
  ["GET", "/v1/nothing", 404, "not_found"],
  ["GET", "/v1/models/nothing", 404, "model_not_found"],
  ["GET", "/v1/models/%zz", 400, "bad_request"],
])("answers %s %s with %d", async (method, path, status, code) => {
  const response = await fetch(running.url + path, { method });

  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error: { code } });
});

test("requires the API key everywhere except at /health and /ready", async () => {
  const locked = await startWithFake({}, { apiKey: ["right", "also-right"] });
  const status = async (path: string, headers = {}) =>
    (await fetch(locked.url + path, { headers })).status;

  expect(await status("/v1/models")).toBe(401);
  expect(await status("/v1/models", { authorization: "Bearer wrong" })).toBe(401);
  expect(await status("/v1/models", { authorization: "Bearer also-right" })).toBe(200);
  expect(await status("/v1/models", { "x-api-key": "right" })).toBe(200);
  expect(await status("/metrics")).toBe(401);
  expect(await status("/health")).toBe(200);
  expect(await status("/ready")).toBe(200);
  await locked.close();
});

test("accepts any or no key while none is configured", async () => {
  const response = await fetch(`${running.url}/v1/models`, {
    headers: { authorization: "Bearer x" },
  });

  expect(response.status).toBe(200);
});

test("still serves after all cases", async () => {
  const response = await post(`${running.url}/v1/chat/completions`, chat());

  expect(response.status).toBe(200);
  expect(running.service.queue.inside).toBe(0);
});
