// Anthropic's typed events over real HTTP: their order and names, pings, and errors in the middle.

import { afterEach, expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import type { FreshDelta } from "../../../src/generation/events.ts";
import type { PrefillStatus } from "../../../src/generation/wait-status.ts";
import type { Config } from "../../../src/service.ts";
import { post, postSse } from "../../support/clients/sse-client.ts";
import type { FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import { startWithFake, until } from "../../support/start-service.ts";

type Running = Awaited<ReturnType<typeof startWithFake>>;

let running: Running;
afterEach(async () => running.close());

const call = (index: number, name: string | null, text: string): FreshDelta => ({
  type: "tool-call-delta",
  index,
  name,
  text,
  tokens: 1,
});
const PROGRESS: PrefillStatus = {
  type: "prefill",
  total: 9,
  cached: 4,
  processed: 4,
  ms: 1,
};
const EVENTS: readonly (FreshDelta | PrefillStatus)[] = [
  PROGRESS,
  { ...PROGRESS, processed: 9 },
  { type: "reasoning-delta", text: "Hm", tokens: 1 },
  { type: "reasoning-delta", text: "m.", tokens: 1 },
  { type: "text-delta", text: "Let me ", tokens: 1 },
  { type: "text-delta", text: "see", tokens: 1 },
  call(0, "weather", ""),
  call(0, null, '{"city":'),
  call(0, null, '"Oslo"}'),
  call(1, "clock", "{}"),
];
const body = (changes: object = {}) => ({
  max_tokens: 50,
  stream: true,
  messages: [{ role: "user", content: "one two" }],
  tools: ["weather", "clock"].map((name) => ({ name, input_schema: { type: "object" } })),
  ...changes,
});

type Event = { readonly type: string; readonly [field: string]: unknown };

async function streamed(engine: FakeEngineOptions, settings: Partial<Config> = {}) {
  running = await startWithFake(engine, settings);
  const { events } = await postSse(`${running.url}/v1/messages`, body());
  const frames: Event[] = [];
  const comments: string[] = [];
  for await (const event of events) {
    if (event.type === "comment") comments.push(event.text);
    else {
      const frame = JSON.parse(event.message.data) as Event;
      expect(event.message.event).toBe(frame.type);
      frames.push(frame);
    }
  }
  return { frames, comments, types: frames.map(({ type }) => type) };
}

test("sends every event of a message in Anthropic's order, with a block for each part", async () => {
  const { types, frames } = await streamed({ events: EVENTS });

  const block = (deltas: number) => [
    "content_block_start",
    ...Array<string>(deltas).fill("content_block_delta"),
    "content_block_stop",
  ];
  expect(types).toEqual([
    "message_start",
    "ping",
    ...block(3), // two pieces of reasoning, and their signature
    ...block(2),
    ...block(2),
    ...block(1),
    "message_delta",
    "message_stop",
  ]);
  const starts = frames.filter(({ type }) => type === "content_block_start");
  expect(starts).toMatchObject([
    { index: 0, content_block: { type: "thinking" } },
    { index: 1, content_block: { type: "text" } },
    { index: 2, content_block: { type: "tool_use", name: "weather", input: {} } },
    { index: 3, content_block: { type: "tool_use", name: "clock", input: {} } },
  ]);
});

test("begins with the cached tokens of the prompt, and ends with the whole usage", async () => {
  const { frames } = await streamed({ events: EVENTS });

  expect(frames[0]).toMatchObject({
    message: { usage: { input_tokens: 5, cache_read_input_tokens: 4, output_tokens: 0 } },
  });
  expect(frames.at(-2)).toMatchObject({
    delta: { stop_reason: "tool_use", stop_sequence: null },
    usage: { output_tokens: 8, output_tokens_details: { thinking_tokens: 2 } },
  });
});

test("has the same content streamed and in one body", async () => {
  const { frames } = await streamed({ events: EVENTS });
  const url = `${running.url}/v1/messages`;

  const whole = (await (await post(url, body({ stream: false }))).json()) as {
    content: readonly { readonly id?: string }[];
  };

  expect(whole).toMatchObject({
    type: "message",
    role: "assistant",
    stop_reason: "tool_use",
    content: [
      { type: "thinking", thinking: "Hmm." },
      { type: "text", text: "Let me see" },
      { type: "tool_use", name: "weather", input: { city: "Oslo" } },
      { type: "tool_use", name: "clock", input: {} },
    ],
  });
  const arguments_ = frames.flatMap(({ index, delta }) => {
    const { partial_json: json } = (delta ?? {}) as { partial_json?: string };
    return index === 2 && json !== undefined ? [json] : [];
  });
  expect(JSON.parse(arguments_.join(""))).toEqual({ city: "Oslo" });
  expect(new Set(whole.content.slice(2).map(({ id }) => id)).size).toBe(2);
});

test("a stream that fails ends with an event named error", async () => {
  const error = new ServiceError("generation_failed", "it broke");

  const { frames, types } = await streamed({ failure: { error, afterTokens: 1 } });

  expect(types).toEqual([
    "message_start",
    "ping",
    "content_block_start",
    "content_block_delta",
    "error",
  ]);
  expect(frames.at(-1)).toEqual({
    type: "error",
    error: { type: "api_error", message: "it broke", param: null, code: "generation_failed" },
    request_id: expect.any(String),
  });
});

test("a quiet stream is kept alive by pings", async () => {
  const { types } = await streamed({ prefillMs: 200 }, { heartbeatMs: 20 });

  const beginning = types.slice(0, types.indexOf("message_start"));
  expect(beginning.length).toBeGreaterThan(1);
  expect(new Set(beginning)).toEqual(new Set(["ping"]));
  expect(types.at(-1)).toBe("message_stop");
});

test("pings are sent during hidden reasoning", async () => {
  const reasoning = Array.from({ length: 60 }, () => ({
    type: "reasoning-delta" as const,
    text: "Hm",
    tokens: 1,
  }));
  running = await startWithFake({ events: reasoning, tokenMs: 10 }, { heartbeatMs: 20 });
  const thinking = { type: "adaptive", display: "omitted" };

  const { events } = await postSse(`${running.url}/v1/messages`, body({ thinking }));
  const names: (string | undefined)[] = [];
  for await (const event of events) if (event.type === "frame") names.push(event.message.event);

  expect(names.filter((name) => name === "ping").length).toBeGreaterThan(2);
  expect(names).not.toContain("content_block_start");
});

test("a queued client gets its position, and holds no slot after it disconnects", async () => {
  running = await startWithFake({ tokens: Number.POSITIVE_INFINITY, tokenMs: 2 }, { slots: 1 });
  const url = `${running.url}/v1/messages`;
  const first = await postSse(url, body({ max_tokens: 4000 }));
  const second = await postSse(url, body());

  let comment = "";
  while (!comment.includes("queued")) {
    const { value } = await second.events.next();
    if (value?.type === "comment") comment = value.text;
  }
  second.leave();
  first.leave();
  await until(() => running.engine.running === 0 && running.service.queue.inside === 0, "all left");
});

test("a full queue is a rate limit error with Retry-After", async () => {
  running = await startWithFake(
    { tokens: Number.POSITIVE_INFINITY, tokenMs: 2 },
    { slots: 1, queue: 0 },
  );
  const url = `${running.url}/v1/messages`;
  const first = await postSse(url, body({ max_tokens: 4000 }));
  await until(() => running.engine.running === 1, "it runs");

  const refused = await post(url, body());

  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).not.toBeNull();
  expect(await refused.json()).toMatchObject({ error: { type: "rate_limit_error" } });
  first.leave();
});
