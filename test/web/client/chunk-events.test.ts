// Conversion of the server's frames to events.

import { expect, test } from "vitest";
import { chunkEvents } from "../../../src/web/client/chunk-events.ts";
import { ServerError } from "../../../src/web/client/server-error.ts";

const choice = (delta: object, finish_reason: string | null = null) =>
  JSON.stringify({ choices: [{ delta, finish_reason }] });

test("converts progress, reasoning, text and tool calls", () => {
  const progress = { total: 10, cache: 0, processed: 4, time_ms: 1 };
  expect(
    chunkEvents(JSON.stringify({ model: "m", choices: [], prompt_progress: progress })),
  ).toEqual([
    { type: "model", id: "m" },
    { type: "reading", processed: 4, total: 10 },
  ]);
  expect(chunkEvents(choice({ reasoning_content: "hm" }))).toEqual([
    { type: "reasoning", text: "hm" },
  ]);
  expect(chunkEvents(choice({ role: "assistant", content: "" }))).toEqual([]);
  const call = { index: 1, id: "c", type: "function", function: { name: "f", arguments: "{" } };
  expect(chunkEvents(choice({ tool_calls: [call] }))).toEqual([
    { type: "tool-call", index: 1, delta: { id: "c", name: "f", arguments: "{" } },
  ]);
});

test("the last chunk contains the finish reason and the statistics", () => {
  const timings = { queue_ms: 1, prefill_ms: 2, first_token_ms: 3, total_ms: 4, prompt_tokens: 5 };
  const [event] = chunkEvents(
    JSON.stringify({
      choices: [{ delta: {}, finish_reason: "length" }],
      timings: { ...timings, cached_tokens: 6, generated_tokens: 7, seed: 8 },
    }),
  );

  expect(event).toMatchObject({
    reason: "length",
    numbers: { queueMs: 1, firstTokenMs: 3, cachedTokens: 6, generatedTokens: 7, seed: 8 },
  });
});

test("the statistics contain why the prompt missed the cache", () => {
  const numbersOf = (cache_miss: object) => {
    const [event] = chunkEvents(
      JSON.stringify({
        choices: [{ delta: {}, finish_reason: "stop" }],
        timings: { cached_tokens: 1, cache_miss: { missed_tokens: 500, token: 64, ...cache_miss } },
      }),
    );
    return event?.type === "finish" ? event.numbers?.cacheMiss : null;
  };

  expect(numbersOf({ reason: "evicted" })).toEqual({
    tokens: 500,
    cause: "evicted",
    message: null,
  });
  expect(numbersOf({ reason: "prefix_changed", part: "messages", message: 3 })).toEqual({
    tokens: 500,
    cause: "messages",
    message: 3,
  });
});

test("throws an error chunk", () => {
  expect(() => chunkEvents('{"error":{"message":"no","code":"worker_crashed"}}')).toThrow(
    ServerError,
  );
});
