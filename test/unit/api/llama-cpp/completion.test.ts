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
