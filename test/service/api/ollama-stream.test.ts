// Ollama's chat and generate over real HTTP: lines of JSON, the wait status, and how answers end.

import { afterEach, expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { deferred } from "../../../src/generation/deferred.ts";
import { linesOf } from "../../support/clients/expect-schema.ts";
import { post } from "../../support/clients/sse-client.ts";
import type { FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService & {
  readonly engine: Awaited<ReturnType<typeof startWithFake>>["engine"];
};
afterEach(async () => running.close());

type Line = {
  readonly model: string;
  readonly done: boolean;
  readonly done_reason?: string;
  readonly message: {
    readonly content: string;
    readonly thinking?: string;
    readonly tool_calls?: readonly { readonly id: string; readonly function: object }[];
  };
  readonly queue?: { readonly position: number };
  readonly error?: string;
};

const EVENTS: FakeEngineOptions["events"] = [
  { type: "reasoning-delta", text: "Hmm.", tokens: 2 },
  { type: "text-delta", text: "Let me ", tokens: 1 },
  { type: "text-delta", text: "see", tokens: 1 },
  { type: "tool-call-delta", index: 0, name: "weather", text: "", tokens: 1 },
  { type: "tool-call-delta", index: 0, name: null, text: '{"city":', tokens: 1 },
  { type: "tool-call-delta", index: 0, name: null, text: '"Oslo"}', tokens: 1 },
  { type: "tool-call-delta", index: 1, name: "clock", text: "{}", tokens: 1 },
];

const plain = { model: "builtin", messages: [{ role: "user", content: "Hi" }] };

function chat(changes: object = {}): Promise<Response> {
  return post(`${running.url}/api/chat`, { ...plain, ...changes });
}

test("streams by default: a line for each delta, complete calls, and a last line with statistics", async () => {
  running = await startWithFake({ events: EVENTS });

  const response = await chat();

  expect(response.headers.get("content-type")).toBe("application/x-ndjson");
  const lines = await linesOf<Line>(response);
  expect(lines.map(({ done }) => done)).toEqual([false, false, false, false, false, true]);
  expect(lines.slice(0, -1).map(({ message }) => message)).toMatchObject([
    { role: "assistant", content: "", thinking: "Hmm." },
    { content: "Let me " },
    { content: "see" },
    { tool_calls: [{ function: { index: 0, name: "weather", arguments: { city: "Oslo" } } }] },
    { tool_calls: [{ function: { index: 1, name: "clock", arguments: {} } }] },
  ]);
  expect(lines.at(-1)).toMatchObject({
    model: "builtin",
    message: { role: "assistant", content: "" },
    done_reason: "stop",
    ...{ prompt_eval_count: 1, eval_count: 8, total_duration: expect.any(Number) },
  });
});

test("has the same content streamed and in one body", async () => {
  running = await startWithFake({ events: EVENTS });

  const lines = await linesOf<Line>(await chat());
  const whole = (await (await chat({ stream: false })).json()) as Line;

  const messages = lines.map(({ message }) => message);
  expect(whole).toMatchObject({ done: true, done_reason: "stop", eval_count: 8 });
  expect(whole.message.content).toBe(messages.map(({ content }) => content).join(""));
  expect(whole.message.thinking).toBe("Hmm.");
  expect(whole.message.tool_calls?.map((call) => call.function)).toEqual(
    messages.flatMap(({ tool_calls: calls = [] }) => calls.map((call) => call.function)),
  );
});

test("generate streams its text in `response`", async () => {
  running = await startWithFake();

  const response = await post(`${running.url}/api/generate`, { model: "builtin", prompt: "Hi" });

  const lines = await linesOf<{ response: string; done: boolean }>(response);
  expect(lines.map((line) => [line.response, line.done])).toEqual([
    ["Hello", false],
    [" world", false],
    ["", true],
  ]);
});

test("num_predict ends an answer with `length`", async () => {
  running = await startWithFake({ tokens: Number.POSITIVE_INFINITY });

  const lines = await linesOf<Line>(await chat({ options: { num_predict: 3 } }));

  expect(lines).toHaveLength(4);
  expect(lines.at(-1)?.done_reason).toBe("length");
});

test.each([
  ["load", {}],
  ["load", { keep_alive: "5m" }],
  ["unload", { keep_alive: 0 }],
])("without messages the answer is %s at once: %j", async (reason, more) => {
  running = await startWithFake();

  const answers = await Promise.all([
    chat({ messages: [], ...more }),
    post(`${running.url}/api/generate`, { model: "builtin:latest", ...more }),
  ]);

  for (const answer of answers)
    expect(await answer.json()).toMatchObject({
      model: "builtin",
      done: true,
      done_reason: reason,
    });
  expect(running.engine.requests).toEqual([]);
  expect(running.logLines.filter(({ outcome }) => outcome === "computed")).toHaveLength(2);
});

test("a queued client gets its position in lines with an empty delta", async () => {
  const second = deferred<void>();
  running = await startWithFake(
    { tokens: 40, hold: { afterTokens: 1, until: second.promise } },
    { slots: 1, heartbeatMs: 50 },
  );

  const first = chat();
  await until(() => running.engine.running === 1, "it runs");
  const response = await chat();
  const reading = response.clone().body?.pipeThrough(new TextDecoderStream()) ?? [];
  for await (const text of reading) if (text.includes('"queue"')) second.resolve();
  const lines = await linesOf<Line>(response);
  await first;

  expect(lines.find(({ queue }) => queue)).toEqual({
    model: "builtin",
    created_at: expect.stringMatching(/^\d{4}-.*Z$/),
    message: { role: "assistant", content: "" },
    done: false,
    queue: { position: 1, eta_ms: expect.any(Number) },
  });
  expect(lines.at(-1)?.done).toBe(true);
});

test("a client that waits for the model gets its load progress", async () => {
  running = await startWithFake({}, { heartbeatMs: 20 });
  running.engine.startLoading();

  const response = await chat();
  running.engine.becomeReady();

  const [line] = await linesOf<Line>(response);
  expect(line).toMatchObject({ done: false, loading: { state: "loading", progress: 0.42 } });
});

test("a quiet stream is kept alive by empty deltas", async () => {
  running = await startWithFake({ prefillMs: 200 }, { heartbeatMs: 20 });

  const lines = await linesOf<Line>(await chat());

  const empty = lines.filter(({ done, message }) => !done && message.content === "");
  expect(empty.length).toBeGreaterThan(2);
  expect(lines.map(({ message }) => message.content).join("")).toBe("Hello world");
});

test("a stream that fails ends with a line that has the error", async () => {
  const error = new ServiceError("generation_failed", "it broke");
  running = await startWithFake({ failure: { error, afterTokens: 1 } });

  const lines = await linesOf<Line>(await chat());

  expect(lines).toHaveLength(2);
  expect(lines[1]).toEqual({
    error: "it broke",
    code: "generation_failed",
    param: null,
    request_id: expect.any(String),
  });
});

test("an error before the first token has its status, streamed or not", async () => {
  const error = new ServiceError("generation_failed", "it broke");
  running = await startWithFake({ failure: { error, afterTokens: 0 }, contextTokens: 5 });
  const messages = [{ role: "user", content: "word ".repeat(10) }];

  const answers = await Promise.all([
    chat({ stream: false }),
    chat({ messages }),
    chat({ messages, stream: false }),
  ]);

  expect(answers.map(({ status }) => status)).toEqual([500, 400, 400]);
  for (const answer of answers)
    expect(await answer.json()).toMatchObject({ error: expect.any(String) });
});

test("omits the oldest turns if the client allows it", async () => {
  running = await startWithFake({ contextTokens: 12 });
  const long = { role: "user", content: "word ".repeat(20) };
  const messages = [long, { role: "assistant", content: "Well" }, ...plain.messages];

  const refused = await chat({ messages });
  const cut = await chat({ messages, truncate: true, stream: false });

  expect([refused.status, cut.status]).toEqual([400, 200]);
  expect(await cut.json()).toMatchObject({ prompt_eval_count: 1 });
});

test("a client that disconnects frees its slot, also while it waits", async () => {
  running = await startWithFake({ tokens: Number.POSITIVE_INFINITY, tokenMs: 2 }, { slots: 1 });
  const leaving = [new AbortController(), new AbortController()];

  for (const { signal } of leaving) {
    await fetch(`${running.url}/api/chat`, {
      ...{ method: "POST", body: JSON.stringify(plain), signal },
      headers: { "content-type": "application/json" },
    });
  }
  for (const controller of leaving) controller.abort();

  await until(() => running.engine.running === 0 && running.service.queue.inside === 0, "all left");
});

test("streams of lines cannot be resumable, and the error says so", async () => {
  running = await startWithFake();

  const response = await post(`${running.url}/api/chat`, plain, { "x-resumable": "true" });

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ param: "x-resumable", error: expect.any(String) });
});
