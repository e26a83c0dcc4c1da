// Gemini's stream over real HTTP: unnamed events or a JSON array, no comments, errors before it and in the middle.

import { afterEach, expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import type { FreshDelta } from "../../../src/generation/events.ts";
import type { Config } from "../../../src/service.ts";
import { post, postSse } from "../../support/clients/sse-client.ts";
import type { FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService & Awaited<ReturnType<typeof startWithFake>>;
afterEach(async () => running.close());

const MODEL = "/v1beta/models/builtin";
const call = (index: number, name: string | null, text: string): FreshDelta => ({
  ...{ type: "tool-call-delta", index, name, text, tokens: 1 },
});
const EVENTS: readonly FreshDelta[] = [
  { type: "reasoning-delta", text: "Hm.", tokens: 1 },
  { type: "text-delta", text: "Let me ", tokens: 1 },
  { type: "text-delta", text: "see", tokens: 1 },
  call(0, "weather", '{"city":'),
  call(0, null, '"Oslo"}'),
  call(1, "clock", "{}"),
];
const body = (generationConfig: object = {}) => ({
  contents: [{ parts: [{ text: "one two" }] }],
  tools: [{ functionDeclarations: [{ name: "weather" }, { name: "clock" }] }],
  generationConfig: { maxOutputTokens: 50, ...generationConfig },
});
const withReasoning = body({ thinkingConfig: { includeThoughts: true } });

type Chunk = {
  readonly candidates: readonly {
    readonly content: { readonly parts: readonly object[] };
    readonly finishReason?: string;
  }[];
  readonly usageMetadata?: object;
};

const urlOf = (method: string) => `${running.url}${MODEL}:${method}`;

async function streamed(engine: FakeEngineOptions, settings: Partial<Config> = {}) {
  running = await startWithFake(engine, settings);
  const { events } = await postSse(`${urlOf("streamGenerateContent")}?alt=sse`, withReasoning);
  const chunks: Chunk[] = [];
  for await (const event of events) {
    if (event.type === "comment") throw new Error(`a comment: ${event.text}`);
    expect(event.message.event).toBeUndefined();
    chunks.push(JSON.parse(event.message.data) as Chunk);
  }
  const parts = chunks.map(({ candidates }) => candidates?.[0]?.content.parts);
  return { chunks, parts };
}

test("sends unnamed events, and the last one has the finish reason", async () => {
  const { chunks, parts } = await streamed({ events: EVENTS });

  expect(parts).toMatchObject([
    [{ text: "Hm.", thought: true }],
    [{ text: "Let me " }],
    [{ text: "see" }],
    [{ functionCall: { name: "weather", args: { city: "Oslo" } } }],
    [{ functionCall: { name: "clock", args: {} } }],
  ]);
  expect(chunks.map(({ candidates }) => candidates[0]?.finishReason)).toEqual([
    ...Array<undefined>(4),
    "STOP",
  ]);
  expect(chunks.at(-1)?.usageMetadata).toMatchObject({
    thoughtsTokenCount: 1,
    candidatesTokenCount: 5,
  });
});

test("has the same content streamed and in one body", async () => {
  const { parts } = await streamed({ events: EVENTS });

  const response = await post(urlOf("generateContent"), withReasoning);

  const whole = (await response.json()) as Chunk;
  const texts = [{ text: "Hm.", thought: true }, { text: "Let me see" }];
  const calls = parts.slice(3).flat();
  expect(whole.candidates[0]?.finishReason).toBe("STOP");
  const strip = (part: object | undefined) => JSON.stringify(part).replace(/"id":"[^"]*",/, "");
  expect(whole.candidates[0]?.content.parts.map(strip)).toEqual([...texts, ...calls].map(strip));
});

test("candidates stream side by side", async () => {
  running = await startWithFake({ texts: ["a"], tokens: 3 });
  const url = `${urlOf("streamGenerateContent")}?alt=sse`;

  const response = await post(url, body({ candidateCount: 2 }));

  const text = await response.text();
  expect(text.match(/"index":0/g)?.length).toBe(text.match(/"index":1/g)?.length);
  expect(text.match(/"usageMetadata"/g)).toHaveLength(1);
});

test("a stream that fails ends with Google's error", async () => {
  const error = new ServiceError("generation_failed", "it broke");

  const { chunks } = await streamed({ failure: { error, afterTokens: 1 } });

  expect(chunks).toHaveLength(2);
  expect(chunks[1]).toMatchObject({
    error: { code: 500, status: "INTERNAL", message: "it broke", details: expect.any(Array) },
  });
});

test("a refusal before the stream is a plain error", async () => {
  running = await startWithFake({ contextTokens: 1 });

  const response = await post(`${urlOf("streamGenerateContent")}?alt=sse`, withReasoning);

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    error: { code: 400, details: [{ reason: "CONTEXT_LENGTH_EXCEEDED" }, {}, {}] },
  });
});

test("a quiet stream has no comments, because Google's SDKs read every line as data", async () => {
  running = await startWithFake({ prefillMs: 300, texts: ["a"], tokens: 2 }, { heartbeatMs: 20 });

  const response = await post(`${urlOf("streamGenerateContent")}?alt=sse`, body());

  const text = await response.text();
  expect(text).toMatch(/^data: \{/);
  expect(text).not.toMatch(/^(?!data: |$)/m);
});

test("a server whose streams are resumable sends Google's clients no ids, unless they ask for them", async () => {
  running = await startWithFake(
    { texts: ["a"], tokens: 2, prefillMs: 100 },
    { resumable: true, heartbeatMs: 20 },
  );
  const url = `${urlOf("streamGenerateContent")}?alt=sse`;

  const plain = await post(url, body());
  const asked = await post(url, body(), { "x-resumable": "true" });

  expect(plain.headers.get("location")).toBeNull();
  expect(await plain.text()).toMatch(/^data: /);
  const text = await asked.text();
  expect(text).toMatch(/^id: 0\ndata: /);
  const again = await fetch(`${running.url}${asked.headers.get("location")}`);
  expect(await again.text()).toBe(text);
});

test.each(["", "?alt=json", "?$alt=json;enum-encoding=int"])(
  "a stream with the query %j is one JSON array",
  async (query) => {
    running = await startWithFake({ events: EVENTS, prefillMs: 100 }, { heartbeatMs: 20 });

    const response = await post(`${urlOf("streamGenerateContent")}${query}`, withReasoning);

    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    const chunks = (await response.json()) as Chunk[];
    expect(chunks.map(({ candidates }) => candidates[0]?.content.parts)).toMatchObject([
      [{ text: "Hm.", thought: true }],
      [{ text: "Let me " }],
      [{ text: "see" }],
      [{ functionCall: { name: "weather" } }],
      [{ functionCall: { name: "clock" } }],
    ]);
  },
);

test("the errors of an array are its elements, before the stream and in the middle", async () => {
  const error = new ServiceError("generation_failed", "it broke");
  running = await startWithFake({ failure: { error, afterTokens: 1 } });
  const url = urlOf("streamGenerateContent");

  const refused = await post(url, { contents: 5 });
  const broken = await post(url, withReasoning);

  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject([{ error: { code: 400 } }]);
  expect(await broken.json()).toMatchObject([{ candidates: [{}] }, { error: { code: 500 } }]);
});

test("another form of stream, and an array that can be resumed, are refused", async () => {
  running = await startWithFake({});

  const proto = await post(`${urlOf("streamGenerateContent")}?alt=proto`, body());
  const resumable = await post(urlOf("streamGenerateContent"), body(), { "x-resumable": "true" });

  expect(await proto.json()).toMatchObject({ error: { message: expect.stringContaining("alt") } });
  expect([proto.status, resumable.status]).toEqual([400, 400]);
});

test("a waiting client gets no comment, and a full queue sends Retry-After", async () => {
  running = await startWithFake(
    { tokens: Number.POSITIVE_INFINITY, tokenMs: 2 },
    { slots: 1, queue: 1 },
  );
  const url = `${urlOf("streamGenerateContent")}?alt=sse`;
  const first = await postSse(url, body({ maxOutputTokens: 4000 }));
  await until(() => running.engine.running === 1, "it runs");
  const second = await postSse(url, withReasoning);
  await until(() => running.service.queue.inside === 2, "the second waits");

  const refused = await post(url, withReasoning);

  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({
    error: {
      ...{ code: 429, status: "RESOURCE_EXHAUSTED" },
      details: [{ reason: "QUEUE_FULL" }, { retryDelay: expect.stringMatching(/^\d+s$/) }, {}],
    },
  });
  second.leave();
  first.leave();
  await until(() => running.engine.running === 0 && running.service.queue.inside === 0, "all left");
});
