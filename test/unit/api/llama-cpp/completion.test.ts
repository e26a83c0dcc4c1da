// POST /completion: bodies in, answers out, in the form of llama.cpp's server.

import { expect, test } from "vitest";
import { nativeCompletion } from "../../../../src/api/llama-cpp/completion.ts";
import { choiceOf, IDENTITY, RECEIPT, textDelta } from "../../../support/clients/receipts.ts";

const CONTEXT = { defaultMaxTokens: 9, allowsGrammar: false, randomSeed: () => 7 };
const parse = (body: object) => nativeCompletion.parse(body, CONTEXT);

test.each([
  ["One", { type: "text", text: "One" }],
  [[5, 6], { type: "tokens", tokens: [5, 6] }],
])("reads the prompt %j", (prompt, read) => {
  expect(parse({ prompt, n_predict: 3, stop: ["x"] }).requests).toMatchObject([
    { prompt: read, maxTokens: 3, stop: ["x"] },
  ]);
});

test("reads the sampling fields as /infill does", () => {
  const sampling = {
    ...{ temperature: 0.5, top_p: 0.9, top_k: 5, min_p: 0.1, seed: 3, repeat_penalty: 1.1 },
    repeat_last_n: 64,
    ...{ presence_penalty: 1, frequency_penalty: 0.5, logit_bias: { 5: 1 } },
  };
  const fields = {
    ...{ model: "m", stream: true, max_tokens: 4, min_tokens: 1, ignore_eos: true, grammar: "" },
    ...{ cache_prompt: false, return_progress: true, service_tier: "flex" },
    ...{ response_format: { type: "text" }, json_schema: null, response_fields: ["content"] },
  };

  const { requests, ...rest } = parse({ prompt: "One", ...sampling, ...fields });

  expect(rest).toMatchObject({ model: "m", isStreamed: true, isFlex: true, ignoredParams: [] });
  expect(requests).toMatchObject([
    {
      sampling: { temperature: 0.5, topP: 0.9, topK: 5, minP: 0.1, seed: 3, repeatPenalty: 1.1 },
      ...{ maxTokens: 4, minTokens: 1, ignoreEos: true, reusePrefix: false, reportsProgress: true },
    },
  ]);
});

test("follows a schema", () => {
  const schema = { type: "object" };
  const response_format = { type: "json_schema", schema, json_schema: { name: "x", schema } };

  expect(parse({ prompt: "One", response_format }).requests[0]?.grammar).toMatchObject({
    schema,
    isStrict: false,
  });
  expect(parse({ prompt: "One", json_schema: schema }).requests[0]?.grammar).toMatchObject({
    schema,
  });
});

test("a schema is strict if either of its forms says so", () => {
  const schema = { type: "object" };
  const isStrict = (response_format: object) => {
    const { grammar } = parse({ prompt: "One", response_format }).requests[0] ?? {};
    return typeof grammar === "object" && grammar?.isStrict;
  };

  expect(isStrict({ type: "json_schema", schema, strict: true })).toBe(true);
  expect(isStrict({ type: "json_schema", json_schema: { name: "x", schema, strict: true } })).toBe(true); // biome-ignore format: one line
});

test.each([
  [{}, "prompt"],
  [{ prompt: ["a", "b"] }, "prompt"],
  [{ prompt: [] }, "prompt"],
  [{ prompt: [-1] }, "prompt"],
  [{ prompt: "a", n_probs: 3 }, "n_probs"],
])("refuses %j, naming %s", (body, param) => {
  expect(() => parse(body)).toThrow(expect.objectContaining({ param }));
});

test("answers as llama.cpp's server does, whole and streamed", () => {
  const encoder = parse({ prompt: "One" }).encoder(IDENTITY);

  expect(encoder.body([choiceOf("two")], RECEIPT)).toMatchObject({
    ...{ content: "two", stop: true, stop_type: "eos", tokens_predicted: 6, model: "tiny" },
    generation_settings: { n_predict: 9, seed: 7 },
  });
  expect(encoder.delta(0, textDelta("tw")).map(({ data }) => JSON.parse(data))).toMatchObject([
    { content: "tw", stop: false },
  ]);
});
