// Sampling fields have the same meaning in every API that has them: their values reach the engine.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Prompt } from "../../../src/generation/request.ts";
import { post } from "../../support/clients/sse-client.ts";
import type { FakeEngine } from "../../support/engines/fake-engine.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService & { readonly engine: FakeEngine };
beforeAll(async () => {
  running = await startWithFake({}, { allowGrammar: true });
});
afterEach(() => void running.engine.requests.splice(0));
afterAll(async () => running.close());

const BODIES: readonly (readonly [path: string, body: object])[] = [
  ["/v1/chat/completions", { messages: [{ role: "user", content: "Hi" }] }],
  ["/v1/completions", { prompt: "Hi" }],
  ["/v1/responses", { input: "Hi" }],
  ["/infill", { input_prefix: "a", input_suffix: "b" }],
];

async function requestOf(path: string, body: object) {
  const response = await post(running.url + path, body);
  expect([response.status, response.headers.get("x-ignored-params")]).toEqual([200, null]);
  const [request] = running.engine.requests;
  if (!request) throw new Error("nothing reached the engine");
  return request;
}

describe.each(BODIES)("%s", (path, body) => {
  test("passes on the sampling options", async () => {
    const { sampling } = await requestOf(path, {
      ...body,
      ...{ temperature: 0.5, top_p: 0.9, top_k: 40, min_p: 0.05, seed: 5 },
      ...{ presence_penalty: 1, frequency_penalty: -1, repeat_penalty: 1.1 },
      repeat_last_n: 32,
      logit_bias: { 7: -100 },
    });

    expect(sampling).toEqual({
      ...{ temperature: 0.5, topP: 0.9, topK: 40, minP: 0.05, seed: 5 },
      ...{ presencePenalty: 1, frequencyPenalty: -1, repeatPenalty: 1.1, logitBias: [[7, -100]] },
      penaltyTokens: 32,
    });
  });

  test("passes on the limits of the answer, and whether the cache is used", async () => {
    const request = await requestOf(path, {
      ...body,
      ...{ stop: ["x"], min_tokens: 2, ignore_eos: true, cache_prompt: false },
    });

    expect(request).toMatchObject({
      stop: ["x"],
      minTokens: 2,
      ignoreEos: true,
      reusePrefix: false,
    });
  });

  test.each([
    { json_schema: { type: "integer" } },
    { grammar: 'root ::= "a"' },
    ...(path === "/v1/responses"
      ? [{ text: { format: { type: "json_schema", name: "a", schema: { type: "integer" } } } }]
      : [
          {
            response_format: { type: "json_schema", json_schema: { schema: { type: "integer" } } },
          },
        ]),
  ])("restricts the answer by %j", async (fields) => {
    const { grammar } = await requestOf(path, { ...body, ...fields });

    expect(grammar).toContain("root ::=");
  });
});

function asMessages(prompt: Prompt): Extract<Prompt, { type: "messages" }> {
  if (prompt.type !== "messages") throw new Error("no messages");
  return prompt;
}

test("Responses passes on the template's variables, the reasoning budget, and the allowed tools", async () => {
  const tools = ["f", "g"].map((name) => ({ type: "function", name }));
  const { prompt } = await requestOf("/v1/responses", {
    input: "Hi",
    tools,
    tool_choice: { type: "allowed_tools", mode: "required", tools: tools.slice(1) },
    chat_template_kwargs: { enable_thinking: true },
    thinking_budget_tokens: 9,
    reasoning_format: "none",
  });

  const { variables, reasoning, tools: use } = asMessages(prompt);
  expect(variables).toEqual({ enable_thinking: true });
  expect(reasoning).toMatchObject({ budgetTokens: 9, isSeparate: false });
  expect(use).toMatchObject({ callable: ["g"], isRequired: true });
});

test("Responses accepts an answer as input, with all its parts", async () => {
  const part = { type: "output_text", text: "Well", annotations: [], logprobs: [] };
  const given = { type: "function_call", call_id: "1", name: "f", arguments: "{}" };

  const { prompt } = await requestOf("/v1/responses", {
    input: [
      { role: "user", content: "Hi" },
      { type: "message", id: "m", status: "completed", role: "assistant", content: [part] },
      given,
      { type: "function_call_output", call_id: "1", output: [{ ...part, type: "input_text" }] },
    ],
  });

  expect(asMessages(prompt).messages.map(({ content }) => content)).toEqual(["Hi", "Well", "Well"]);
});
