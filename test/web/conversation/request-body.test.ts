// The request body for the next answer of a conversation.

import { expect, test } from "vitest";
import { requestBody, streamedBody } from "../../../src/web/conversation/request-body.ts";
import { answer, call, conversation, question, settings, toolResult } from "./samples.ts";

const TOOL = { type: "function", function: { name: "get_weather" } };

test("sends the system prompt first, then questions and answers, without reasoning", () => {
  const given = conversation(
    [question("Hi"), answer("Hello", { thoughts: "be kind" }), question("Bye")],
    { settings: settings({ system: "Be brief" }) },
  );

  expect(requestBody(given).messages).toEqual([
    { role: "system", content: "Be brief" },
    { role: "user", content: "Hi" },
    { role: "assistant", content: "Hello" },
    { role: "user", content: "Bye" },
  ]);
});

test("omits settings that are null, and the omitted turns", () => {
  const given = conversation([question("Hi"), answer("Hello"), question("Bye")], {
    omittedTurns: 2,
    settings: settings({ temperature: null, maxTokens: null }),
  });

  expect(requestBody(given)).toEqual({ messages: [{ role: "user", content: "Bye" }] });
});

test("omits the settings that an older page has not stored", () => {
  const { model, system, temperature, topP, maxTokens, seed, stop, jsonSchema, tools } = settings(
    {},
  );
  const old = { model, system, temperature, topP, maxTokens, seed, stop, jsonSchema, tools };
  const given = conversation([question("Hi")], { settings: old });

  expect(Object.keys(requestBody(given)).sort()).toEqual(["messages", "temperature"]);
});

test("sends every setting under the server's name", () => {
  const typed = { jsonSchema: '{"type":"object"}', tools: JSON.stringify([TOOL]) };
  const numbers = { temperature: 0, topP: 0.9, maxTokens: 64, seed: 7, topK: 40, minP: 0.05 };
  const penalties = { repeatPenalty: 1.1, presencePenalty: -1, frequencyPenalty: 0.5 };
  const more = { penaltyTokens: -1, minTokens: 0, logitBias: '{"12": -100}' };
  const reasoning = { reasoningEffort: "none", reasoningTokens: 256 } as const;
  const given = conversation([question("Hi")], {
    settings: settings({
      model: "builtin",
      stop: ["\n"],
      ...numbers,
      ...penalties,
      ...more,
      ...reasoning,
      ...typed,
    }),
  });

  expect(requestBody(given)).toEqual({
    model: "builtin",
    messages: [{ role: "user", content: "Hi" }],
    temperature: 0,
    top_p: 0.9,
    top_k: 40,
    min_p: 0.05,
    repeat_penalty: 1.1,
    presence_penalty: -1,
    frequency_penalty: 0.5,
    repeat_last_n: -1,
    max_tokens: 64,
    min_tokens: 0,
    seed: 7,
    logit_bias: { 12: -100 },
    reasoning_effort: "none",
    thinking_budget_tokens: 256,
    stop: ["\n"],
    tools: [TOOL],
    response_format: {
      type: "json_schema",
      json_schema: { name: "answer", schema: { type: "object" } },
    },
  });
});

test("sends tool calls with their results, also for an answer without text", () => {
  const given = conversation([
    question("Weather?"),
    answer("", { calls: [call("one")], finishReason: "tool_calls" }),
    toolResult("one"),
  ]);

  expect(requestBody(given).messages.slice(1)).toEqual([
    {
      role: "assistant",
      content: null,
      tool_calls: [
        {
          id: "one",
          type: "function",
          function: { name: "get_weather", arguments: '{"city":"Paris"}' },
        },
      ],
    },
    { role: "tool", tool_call_id: "one", content: "sunny" },
  ]);
});

test("sends only the tool calls that have a result", () => {
  const given = conversation([
    question("Weather?"),
    answer("Let me see", { calls: [call("one"), call("two")] }),
    toolResult("two"),
  ]);

  const [, reply, result] = requestBody(given).messages;

  expect(reply).toMatchObject({ content: "Let me see", tool_calls: [{ id: "two" }] });
  expect(result).toMatchObject({ tool_call_id: "two" });
});

test("omits an answer whose only tool call has no result", () => {
  const given = conversation([question("A"), answer("", { calls: [call("one")] }), question("B")]);

  expect(requestBody(given).messages.map(({ role }) => role)).toEqual(["user", "user"]);
});

test("omits a tool call that was cut off, and its result", () => {
  const given = conversation([
    question("A"),
    answer("Well", { calls: [call("one", '{"city":"Par')] }),
    toolResult("one"),
  ]);

  expect(requestBody(given).messages.slice(1)).toEqual([{ role: "assistant", content: "Well" }]);
});

test("omits a result whose tool call is in the omitted turns", () => {
  const given = conversation(
    [answer("", { calls: [call("one")] }), toolResult("one"), question("B")],
    { omittedTurns: 1 },
  );

  expect(requestBody(given).messages).toEqual([{ role: "user", content: "B" }]);
});

test("sends the partial text of stopped and failed answers, and omits an empty answer", () => {
  const given = conversation([
    question("A"),
    answer("One, two", { phase: { type: "stopped" } }),
    question("B"),
    answer("Thr", { phase: { type: "failed" } }),
    question("C"),
    answer(" \n", { phase: { type: "failed" } }),
  ]);

  const contents = requestBody(given).messages.map(({ content }) => content);

  expect(contents).toEqual(["A", "One, two", "B", "Thr", "C"]);
});

test("ends with the answer to be continued", () => {
  const given = conversation([question("Count"), answer("1, 2", { finishReason: "length" })]);

  expect(requestBody(given).messages.at(-1)).toEqual({ role: "assistant", content: "1, 2" });
});

test("explains what is wrong with an invalid schema or invalid tools", () => {
  const broken = (more: Parameters<typeof settings>[0]) => () =>
    requestBody(conversation([], { settings: settings(more) }));

  expect(broken({ jsonSchema: "{" })).toThrow(/JSON schema is invalid: line 1, column 2/);
  expect(broken({ tools: "{}" })).toThrow(/tools is invalid: tools must be a list/);
});

test("a streamed request asks for usage and progress", () => {
  const given = conversation([question("Hi")]);

  expect(streamedBody(given)).toEqual({
    ...requestBody(given),
    stream: true,
    stream_options: { include_usage: true },
    return_progress: true,
  });
});
