// POST /infill: bodies in, answers out, in the form of llama.cpp's server.

import { describe, expect, test } from "vitest";
import { defaultSettings, nativeInfill } from "../../../../src/api/llama-cpp/infill.ts";
import type { Receipt } from "../../../../src/generation/events.ts";
import { ended } from "../../../support/clients/receipts.ts";

const CONTEXT = { defaultMaxTokens: null, allowsGrammar: false, randomSeed: () => 7 };
const parse = (changes: object = {}) =>
  nativeInfill.parse({ input_prefix: "before", input_suffix: "after", ...changes }, CONTEXT);
const RECEIPT: Receipt = {
  queueMs: 5,
  prefillMs: 10,
  firstTokenMs: 20,
  totalMs: 115,
  isCut: false,
  usage: { promptTokens: 12, cachedTokens: 2, completionTokens: 4, reasoningTokens: 0 },
  seed: 7,
  cacheMiss: null,
};
const encoder = (changes = {}) =>
  parse(changes).encoder({ id: "x", model: "coder", createdAtSeconds: 0 });

describe("a body", () => {
  test("becomes one request for the text between the two texts", () => {
    const { requests, isStreamed } = parse({ n_predict: 9, temperature: 0.5, stream: true });

    expect(requests).toMatchObject([
      {
        prompt: { type: "infill", prefix: "before", suffix: "after" },
        sampling: { temperature: 0.5, seed: 7 },
        maxTokens: 9,
      },
    ]);
    expect(isStreamed).toBe(true);
  });

  test.each([
    [{ prompt: " and" }, "before and"],
    [{ prompt: null, input_extra: [] }, "before"],
    [
      { input_extra: [{ filename: "a.ts", text: "1" }, { text: "2" }] },
      "\n\n--- a.ts ---\n\n1\n\n--- snippet ---\n\n2\n\n--- snippet ---\n\nbefore",
    ],
  ])("with %j puts all of it into the prefix", (changes, prefix) => {
    expect(parse(changes).requests[0]?.prompt).toMatchObject({ prefix, suffix: "after" });
  });

  test.each([
    [{}, null],
    [{ n_predict: -1 }, null],
    [{ max_tokens: 5 }, 5],
    [{ n_predict: 5, max_tokens: 5 }, 5],
  ])("with %j allows %j tokens", (changes, maxTokens) => {
    expect(parse(changes).requests[0]?.maxTokens).toBe(maxTokens);
  });

  test("lists the fields that it ignores, also inside lists", () => {
    const extra = [{ text: "", color: "red" }];

    expect(parse({ dry_base: 2, samplers: ["infill"], input_extra: extra }).ignoredParams).toEqual([
      "dry_base",
      "samplers",
      "input_extra[].color",
    ]);
  });
});

describe("an answer", () => {
  test("states how it ended, and its times and tokens", () => {
    const choice = {
      text: "x",
      reasoning: "",
      toolCalls: [],
      logprobs: [],
      ending: ended("length"),
    } as const;

    expect(encoder({ stop: ["a"] }).body([choice], RECEIPT)).toMatchObject({
      content: "x",
      stop_type: "limit",
      tokens_predicted: 4,
      tokens_evaluated: 12,
      tokens_cached: 2,
      generation_settings: { seed: 7, stop: ["a"], n_predict: -1 },
      timings: {
        queue_ms: 5,
        prompt_n: 10,
        prompt_per_second: 1000,
        predicted_ms: 100,
        predicted_per_second: 40,
      },
    });
  });

  test("streams text, progress and one last frame", () => {
    const frames = [
      ...(encoder().progress?.(0, {
        type: "prefill",
        total: 4,
        cached: 1,
        processed: 2,
        ms: 3,
      }) ?? []),
      ...encoder().delta(0, { type: "text-delta", text: "x", tokens: 1, atMs: 0 }),
      ...encoder().finish(0, ended("stop"), RECEIPT),
    ];

    expect(frames.map(({ data }) => JSON.parse(data))).toMatchObject([
      {
        content: "",
        stop: false,
        prompt_progress: { total: 4, cache: 1, processed: 2, time_ms: 3 },
      },
      { index: 0, content: "x", tokens: [], stop: false },
      { content: "", stop: true, stop_type: "eos" },
    ]);
  });

  test("has only the requested fields, under their paths", () => {
    const response_fields = ["stop_type", "stopping_word", "timings/predicted_n", "timings/none"];
    const [frame] = encoder({ response_fields }).finish(
      0,
      { reason: "stop", stopString: "END" },
      RECEIPT,
    );

    expect(JSON.parse(frame?.data ?? "")).toEqual({
      stop_type: "word",
      stopping_word: "END",
      "timings/predicted_n": 4,
    });
  });

  test("has null for a rate if no time passed", () => {
    const usage = { promptTokens: 2, cachedTokens: 2, completionTokens: 0, reasoningTokens: 0 };
    const [frame] = encoder().finish(0, ended("stop"), { ...RECEIPT, usage, prefillMs: 0 });

    expect(JSON.parse(frame?.data ?? "")).toMatchObject({
      timings: { prompt_per_second: null, predicted_per_token_ms: null },
    });
  });
});

test("the defaults have a random seed and the operator's limits", () => {
  expect(defaultSettings({ ...CONTEXT, defaultMaxTokens: 50 })).toMatchObject({
    seed: -1,
    n_predict: 50,
    temperature: 1,
    stop: [],
  });
});
