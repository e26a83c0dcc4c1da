// What is completions' own: its prompt, and its chunks.

import { expect, test } from "vitest";
import { openaiCompletions } from "../../../src/api/openai-completions.ts";
import { ServiceError } from "../../../src/errors.ts";
import type { Receipt } from "../../../src/generation/events.ts";

const RECEIPT: Receipt = {
  queueMs: 1,
  prefillMs: 2,
  firstTokenMs: 3,
  totalMs: 4,
  usage: { promptTokens: 5, cachedTokens: 0, completionTokens: 6, reasoningTokens: 0 },
  seed: 7,
};
const HEAD = {
  id: "cmpl-abc",
  object: "text_completion",
  created: 1_700_000_000,
  model: "tiny",
};

function parse(fields: object) {
  return openaiCompletions.parse(fields, {
    defaultMaxTokens: null,
    allowsGrammar: true,
    randomSeed: () => 77,
  });
}

function refusalOf(fields: object): ServiceError {
  try {
    parse(fields);
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error("was not refused");
}

function encoder() {
  return parse({ prompt: "Hi" }).encoder({
    id: "abc",
    model: "tiny",
    createdAtSeconds: 1_700_000_000,
  });
}

test("is found at OpenAI's path", () => {
  expect(openaiCompletions.path).toBe("/v1/completions");
});

test.each([
  ["Once upon", "Once upon"],
  ["", ""],
  [["only one"], "only one"],
])("takes the prompt %j as the text %j", (prompt, text) => {
  expect(parse({ prompt }).request.prompt).toEqual({ type: "text", text });
});

test.each([[["one", "two"]], [[1, 2, 3]], [[[1, 2]]], [[]], [5], [null]])(
  "refuses the prompt %j",
  (prompt) => {
    const refusal = refusalOf({ prompt });

    expect([refusal.code, refusal.param]).toEqual(["invalid_value", "prompt"]);
    expect(refusal.message).toBe(
      "prompt: a string (several prompts and token ids are not supported)",
    );
  },
);

test("says that a prompt is missing, not that it is wrong", () => {
  const refusal = refusalOf({});

  expect([refusal.code, refusal.message]).toEqual(["missing_parameter", "prompt is required"]);
});

test.each([
  ["best_of", 2],
  ["echo", true],
  ["suffix", "the end"],
  ["logprobs", 0], // asks for the chosen token's own
])("refuses %s %j by name", (name, value) => {
  const refusal = refusalOf({ prompt: "Hi", [name]: value });

  expect([refusal.code, refusal.param]).toEqual(["unsupported_parameter", name]);
});

test("accepts its unsupported fields at values with which they change nothing", () => {
  const parsed = parse({ prompt: "Hi", best_of: 1, echo: false, suffix: "", logprobs: null });

  expect(parsed.ignoredParams).toEqual([]);
});

test("names the fields of chat, which mean nothing here", () => {
  const { ignoredParams, request } = parse({
    prompt: "Hi",
    messages: [],
    max_completion_tokens: 5,
  });

  expect(ignoredParams).toEqual(["messages", "max_completion_tokens"]);
  expect(request.maxTokens).toBeNull();
});

test("opens a stream without a chunk of its own", () => {
  expect(encoder().start()).toEqual([]);
});

test("has the text in each chunk", () => {
  expect(JSON.parse(encoder().delta("Hi").data)).toEqual({
    ...HEAD,
    choices: [{ index: 0, text: "Hi", logprobs: null, finish_reason: null }],
  });
});

test("ends with an empty text and the reason", () => {
  const [last] = encoder().finish("length", RECEIPT);

  expect(JSON.parse(last?.data ?? "")).toMatchObject({
    ...HEAD,
    choices: [{ index: 0, text: "", logprobs: null, finish_reason: "length" }],
  });
});

test("has the whole text in a body", () => {
  expect(encoder().body("Hello", "stop", RECEIPT)).toMatchObject({
    ...HEAD,
    choices: [{ index: 0, text: "Hello", logprobs: null, finish_reason: "stop" }],
  });
});
