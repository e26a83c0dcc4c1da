// A prompt that does not fit: every API says so in its vendor's words first, then in ours, with the same two numbers.

import { afterEach, expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { post } from "../../support/clients/sse-client.ts";
import {
  type RunningService,
  startWithFake,
  startWithFakeEmbeddings,
} from "../../support/start-service.ts";

let service: RunningService | undefined;
afterEach(async () => service?.close());

const CONTENT = "one two three four five";
const MESSAGES = [{ role: "user", content: CONTENT }];
const CONTENTS = [{ role: "user", parts: [{ text: CONTENT }] }];
const OPENAI =
  /^This model's maximum context length is 2 tokens\. However, your (messages|prompt) resulted in 5 tokens\. Please reduce the length of the \1 \(context_length_exceeded\); .*5 > 2/;
const ANTHROPIC = /^prompt is too long: 5 tokens > 2 maximum; 5 > 2/;
const GEMINI =
  /^The input token count \(5\) exceeds the maximum number of tokens allowed \(2\); 5 > 2/;
const OLLAMA = /^prompt too long; exceeded max context length by 3 tokens; 5 > 2/;
const LLAMA_CPP =
  /^request \(5 tokens\) exceeds the available context size \(2 tokens\), try increasing it; 5 > 2/;

type AnyError = { readonly error: string | { readonly message: string } };

const messageOf = ({ error }: AnyError) => (typeof error === "string" ? error : error.message);

test.each<[path: string, body: object, words: RegExp]>([
  ["v1/chat/completions", { messages: MESSAGES }, OPENAI],
  ["v1/chat/completions", { messages: MESSAGES, stream: true }, OPENAI],
  ["v1/completions", { prompt: CONTENT }, OPENAI],
  ["v1/responses", { model: "m", input: CONTENT }, OPENAI],
  ["v1/responses", { model: "m", input: CONTENT, stream: true }, OPENAI],
  ["v1/responses", { model: "m", input: CONTENT, truncation: "auto" }, OPENAI],
  ["v1/messages", { model: "m", max_tokens: 1, messages: MESSAGES }, ANTHROPIC],
  ["v1/messages", { model: "m", max_tokens: 1, messages: MESSAGES, stream: true }, ANTHROPIC],
  ["v1beta/models/m:generateContent", { contents: CONTENTS }, GEMINI],
  ["v1beta/models/m:streamGenerateContent?alt=sse", { contents: CONTENTS }, GEMINI],
  ["api/chat", { model: "m", messages: MESSAGES, truncate: false }, OLLAMA],
  ["api/generate", { model: "m", prompt: CONTENT }, OLLAMA],
  ["infill", { input_prefix: CONTENT.slice(0, -5), input_suffix: "five" }, LLAMA_CPP],
  ["apply-template", { messages: MESSAGES }, LLAMA_CPP],
])("POST /%s with %j is a 400 in the vendor's words", async (path, body, words) => {
  service = await startWithFake({ contextTokens: 2 }, { alias: ["*"] });

  const response = await post(`${service.url}/${path}`, body);

  expect(response.status).toBe(400);
  expect(messageOf((await response.json()) as AnyError)).toMatch(words);
});

test.each([
  ["v1/chat/completions/input_tokens", { messages: MESSAGES }, { input_tokens: 5 }],
  ["v1/responses/input_tokens", { model: "m", input: CONTENT }, { input_tokens: 5 }],
  ["v1/messages/count_tokens", { model: "m", messages: MESSAGES }, { input_tokens: 5 }],
  ["v1beta/models/m:countTokens", { contents: CONTENTS }, { totalTokens: 5 }],
])("POST /%s counts a prompt that does not fit", async (path, body, expected) => {
  service = await startWithFake({ contextTokens: 2 }, { alias: ["*"] });

  const response = await post(`${service.url}/${path}`, body);

  expect([response.status, await response.json()]).toEqual([
    200,
    expect.objectContaining(expected),
  ]);
});

test("llama.cpp's routes have the two numbers as fields, too", async () => {
  service = await startWithFake({ contextTokens: 2 }, { alias: ["*"] });

  const response = await post(`${service.url}/infill`, { input_prefix: CONTENT, input_suffix: "" });

  expect(await response.json()).toMatchObject({
    error: { type: "exceed_context_size_error", n_prompt_tokens: 6, n_ctx: 2 },
  });
});

test.each([
  ["v1/embeddings", /^This model's maximum context length is 8 tokens\. However, your input .* 9/],
  ["api/embed", /^the input length exceeds the context length; input has 9 tokens/],
])("an input of /%s that does not fit", async (path, words) => {
  const failure = new ServiceError("context_length_exceeded", "input has 9 tokens", {
    param: "input",
    counts: { promptTokens: 9, contextTokens: 8 },
  });
  service = await startWithFakeEmbeddings({ failure }, { alias: ["*"] });

  const response = await post(`${service.url}/${path}`, { model: "m", input: "a" });

  expect(response.status).toBe(400);
  expect(messageOf((await response.json()) as AnyError)).toMatch(words);
});
