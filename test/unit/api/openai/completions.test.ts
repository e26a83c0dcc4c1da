// The parts that only completions have: prompt and chunks.

import { expect, test } from "vitest";
import { openaiCompletions } from "../../../../src/api/openai/completions.ts";
import { ServiceError } from "../../../../src/errors.ts";
import {
  choiceOf,
  ended,
  IDENTITY,
  RECEIPT,
  textDelta,
} from "../../../support/clients/receipts.ts";

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

function promptsOf(fields: object) {
  return parse(fields).requests.map(({ prompt }) => prompt);
}

function encoder(fields: object = {}) {
  return parse({ prompt: "Hi", ...fields }).encoder(IDENTITY);
}

test("is found at OpenAI's path", () => {
  expect(openaiCompletions.path).toBe("/v1/completions");
});

test.each([
  ["Once upon", [{ type: "text", text: "Once upon" }]],
  ["", [{ type: "text", text: "" }]],
  [["only one"], [{ type: "text", text: "only one" }]],
  [
    ["one", "two"],
    [
      { type: "text", text: "one" },
      { type: "text", text: "two" },
    ],
  ],
  [[1, 2, 3], [{ type: "tokens", tokens: [1, 2, 3] }]],
  [
    [[1, 2], [3]],
    [
      { type: "tokens", tokens: [1, 2] },
      { type: "tokens", tokens: [3] },
    ],
  ],
])("reads the prompt %j as %j", (prompt, prompts) => {
  expect(promptsOf({ prompt })).toEqual(prompts);
});

test("makes n choices per prompt, in the order of the prompts, each with its own seed", () => {
  const { requests, choicesPerPrompt } = parse({ prompt: ["a", "b"], n: 2, seed: 10 });

  expect(choicesPerPrompt).toBe(2);
  const made = requests.map(({ prompt, sampling }) => [prompt, sampling.seed]);
  expect(made).toEqual([
    [{ type: "text", text: "a" }, 10],
    [{ type: "text", text: "a" }, 11],
    [{ type: "text", text: "b" }, 12],
    [{ type: "text", text: "b" }, 13],
  ]);
});

const FORMS = "must be a string, a list of token ids, or a list of up to 64 of either";

test.each([
  ["a number", 5, "prompt", FORMS],
  ["null", null, "prompt", FORMS],
  ["an object", {}, "prompt", FORMS],
  ["an empty list", [], "prompt", "prompt: "],
  ["an empty list in a list", [[]], "prompt[0]", "at least one"],
  ["texts and token ids", ["a", 1], "prompt", FORMS],
  ["lists and token ids", [[1], 2], "prompt", FORMS],
  ["a negative id", [1, -1], "prompt[1]", "an integer from 0 to"],
  ["half a token", [1.5], "prompt[0]", "an integer from 0 to"],
  ["65 texts", Array(65).fill("a"), "prompt", FORMS],
  ["65 lists", Array(65).fill([1]), "prompt", FORMS],
])("refuses %s as a prompt", (_what, prompt, param, words) => {
  const refusal = refusalOf({ prompt });

  expect([refusal.code, refusal.param]).toEqual(["invalid_value", param]);
  expect(refusal.message).toContain(words);
});

test("refuses more choices than the limit on prompts allows", () => {
  const refusal = refusalOf({ prompt: Array(33).fill("a"), n: 2 });

  expect([refusal.code, refusal.param]).toEqual(["invalid_value", "n"]);
  expect(refusal.message).toBe("n times the number of prompts must be at most 64");
});

test("treats a prompt with a suffix as a gap to fill", () => {
  expect(promptsOf({ prompt: ["a", "b"], suffix: "z" })).toEqual([
    { type: "infill", prefix: "a", suffix: "z" },
    { type: "infill", prefix: "b", suffix: "z" },
  ]);
});

test.each([
  ["a suffix of token ids", { prompt: [1], suffix: "z" }, "suffix"],
  ["echo and a suffix", { echo: true, suffix: "z" }, "echo"],
  ["echo and a grammar", { echo: true, grammar: 'root ::= "a"' }, "echo"],
  ["no tokens without echo", { max_tokens: 0 }, "max_tokens"],
  ["logprobs 21", { logprobs: 21 }, "logprobs"],
  ["logprobs true", { logprobs: true }, "logprobs"],
  ["logprobs -1", { logprobs: -1 }, "logprobs"],
])("refuses %s", (_what, fields, param) => {
  expect(refusalOf({ prompt: "Hi", ...fields })).toMatchObject({ code: "invalid_value", param });
});

test.each([
  [{ best_of: 2 }, "best_of is not supported by this server; omit it or set it to the value of n"],
  [{ best_of: 3, n: 2 }, "best_of is not supported"],
])("refuses best_of: %j", (fields, words) => {
  const refusal = refusalOf({ prompt: "Hi", ...fields });

  expect([refusal.code, refusal.param]).toEqual(["unsupported_parameter", "best_of"]);
  expect(refusal.message).toContain(words);
});

test.each([
  [{ logprobs: 0 }, { alternatives: 0, includesPrompt: false }],
  [
    { logprobs: 5, echo: true },
    { alternatives: 5, includesPrompt: true },
  ],
  [{ logprobs: null, echo: true }, null],
  [{ logprobs: false }, null],
])("reads the logprob options %j as %j", (fields, wish) => {
  expect(parse({ prompt: "Hi", ...fields }).requests[0]?.logprobs).toEqual(wish);
});

test("returns the prompt for echo, even without an answer", () => {
  const [request] = parse({ prompt: "Hi", echo: true, max_tokens: 0 }).requests;

  expect([request?.echoesPrompt, request?.maxTokens]).toEqual([true, 0]);
});

test("reports a missing prompt as missing, not as invalid", () => {
  const refusal = refusalOf({});

  expect([refusal.code, refusal.message]).toEqual(["missing_parameter", "prompt is required"]);
});

test("accepts neutral values that SDKs send", () => {
  const plain = { best_of: 1, echo: false, suffix: "", logprobs: null };

  const parsed = parse({ prompt: "Hi", ...plain });

  expect(parsed.ignoredParams).toEqual([]);
  expect(parsed.requests).toEqual(parse({ prompt: "Hi" }).requests);
});

test.each([
  ["messages", [{ role: "user", content: "Hi" }], "POST /v1/chat/completions"],
  ["tools", [{}], "POST /v1/chat/completions"],
])("refuses %s, a field of chat, and names its replacement", (name, value, instead) => {
  const refusal = refusalOf({ prompt: "Hi", [name]: value });

  expect([refusal.code, refusal.param]).toEqual(["unsupported_parameter", name]);
  expect(refusal.message).toContain(instead);
});

function choiceIn(text: string, finish_reason: string | null = null, index = 0) {
  return { index, text, logprobs: null, finish_reason };
}

test("sends text in every chunk, beginning with the first", () => {
  const frames = encoder().delta(0, textDelta("Hi"));

  expect(frames.map(({ data }) => JSON.parse(data))).toEqual([
    { ...HEAD, choices: [choiceIn("Hi")] },
  ]);
});

test("ends with an empty text and the reason", () => {
  const [last] = encoder().finish(0, ended("length"), RECEIPT);

  expect(JSON.parse(last?.data ?? "")).toMatchObject({
    ...HEAD,
    choices: [choiceIn("", "length")],
  });
});

test("has the whole text of every choice in a body", () => {
  const [first, second] = [choiceOf("Hello"), choiceOf("Good day", { ending: ended("length") })];

  expect(encoder({ n: 2 }).body([first, second], RECEIPT)).toMatchObject({
    ...HEAD,
    choices: [choiceIn("Hello", "stop"), choiceIn("Good day", "length", 1)],
  });
});
