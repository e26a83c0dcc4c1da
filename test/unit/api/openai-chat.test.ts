// What is chat's own: messages, its second name for max_tokens, tools, and its chunks.

import { expect, test } from "vitest";
import { openaiChat } from "../../../src/api/openai-chat.ts";
import { ServiceError } from "../../../src/errors.ts";
import type { Receipt } from "../../../src/generation/events.ts";

const MESSAGES = [{ role: "user", content: "Hi" }];
const RECEIPT: Receipt = {
  queueMs: 1,
  prefillMs: 2,
  firstTokenMs: 3,
  totalMs: 4,
  usage: { promptTokens: 5, cachedTokens: 0, completionTokens: 6, reasoningTokens: 0 },
  seed: 7,
};
const HEAD = {
  id: "chatcmpl-abc",
  object: "chat.completion.chunk",
  created: 1_700_000_000,
  model: "tiny",
};

function parse(fields: object) {
  return openaiChat.parse(
    { messages: MESSAGES, ...fields },
    { defaultMaxTokens: null, allowsGrammar: true, randomSeed: () => 77 },
  );
}

function promptOf(...messages: object[]) {
  return parse({ messages }).request.prompt;
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
  return parse({}).encoder({ id: "abc", model: "tiny", createdAtSeconds: 1_700_000_000 });
}

test("is found at OpenAI's path", () => {
  expect(openaiChat.path).toBe("/v1/chat/completions");
});

test("reads messages of all roles, developer as system", () => {
  const prompt = promptOf(
    { role: "system", content: "a" },
    { role: "developer", content: "b" },
    { role: "user", content: "c" },
    { role: "assistant", content: "d" },
  );

  expect(prompt).toEqual({
    type: "messages",
    messages: [
      { role: "system", content: "a" },
      { role: "system", content: "b" },
      { role: "user", content: "c" },
      { role: "assistant", content: "d" },
    ],
  });
});

test("joins text parts without anything between them", () => {
  const parts = [
    { type: "text", text: "one " },
    { type: "text", text: "two" },
  ];

  expect(promptOf({ role: "user", content: parts })).toEqual({
    type: "messages",
    messages: [{ role: "user", content: "one two" }],
  });
});

test("lets no field of a message but role and content through", () => {
  expect(promptOf({ role: "user", content: "Hi", name: "bob", tool_calls: [] })).toEqual({
    type: "messages",
    messages: [{ role: "user", content: "Hi" }],
  });
});

test("names unknown fields inside messages, each once, and none that are known to do nothing", () => {
  const content = [{ type: "text", text: "Hi", cache_control: {} }];
  const message = { role: "user", content, name: "bob", mood: "good" };

  const { ignoredParams } = parse({ messages: [message, message] });

  expect(ignoredParams).toEqual(["messages[].content[].cache_control", "messages[].mood"]);
});

test.each([
  [[], "messages: at least one message", "messages"],
  [[{ role: "user" }], "messages[0].content: a string, or a list of parts", "messages[0].content"],
  [[{ role: "user", content: 5 }], "messages[0].content: a string", "messages[0].content"],
  [[{ role: "user", content: [] }], "messages[0].content: ", "messages[0].content"],
  [[...MESSAGES, { role: "robot", content: "x" }], 'one of "system"', "messages[1].role"],
  [
    [{ role: "user", content: [{ type: "text" }] }],
    "messages[0].content: a string, or a list of parts",
    "messages[0].content",
  ],
])("refuses the messages %j", (messages, words, param) => {
  const refusal = refusalOf({ messages });

  expect([refusal.code, refusal.param]).toEqual(["invalid_value", param]);
  expect(refusal.message).toContain(words);
});

test("says that messages are missing, not that they are wrong", () => {
  const refuse = () =>
    openaiChat.parse({}, { defaultMaxTokens: null, allowsGrammar: true, randomSeed: () => 77 });

  expect(refuse).toThrow("messages is required");
  expect(refuse).toThrow(expect.objectContaining({ code: "missing_parameter" }));
});

test.each(["image_url", "input_audio", "file"])(
  "refuses a part of type %s with a reason",
  (type) => {
    const content = [{ type: "text", text: "look:" }, { type }];

    const refusal = refusalOf({ messages: [...MESSAGES, { role: "user", content }] });

    expect([refusal.code, refusal.param]).toEqual([
      "unsupported_content",
      "messages[1].content[1]",
    ]);
    expect(refusal.message).toBe(
      `this server's models read text only, so a part of type ${type} cannot be used`,
    );
  },
);

test.each([
  [{ role: "tool", content: "42", tool_call_id: "c1" }, "messages[1].role"],
  [{ role: "function", content: "42", name: "f" }, "messages[1].role"],
  [{ role: "assistant", content: null, tool_calls: [{ id: "c1" }] }, "messages[1].tool_calls"],
  [{ role: "assistant", content: "a", function_call: { name: "f" } }, "messages[1].function_call"],
])("refuses tools inside a conversation: %j", (message, param) => {
  const refusal = refusalOf({ messages: [...MESSAGES, message] });

  expect([refusal.code, refusal.param]).toEqual(["unsupported_content", param]);
});

test.each([
  ["tools", [{ type: "function" }]],
  ["tool_choice", "required"],
  ["functions", [{ name: "f" }]],
  ["modalities", ["text", "audio"]],
  ["reasoning_effort", "high"],
  ["web_search_options", { a: 1 }],
  ["top_logprobs", 5],
])("refuses %s %j by name", (name, value) => {
  const refusal = refusalOf({ [name]: value });

  expect([refusal.code, refusal.param]).toEqual(["unsupported_parameter", name]);
});

test("accepts what SDKs send without meaning anything by it", () => {
  const { ignoredParams } = parse({
    tools: [],
    tool_choice: "auto",
    parallel_tool_calls: true,
    modalities: ["text"],
    top_logprobs: 0,
    audio: null,
  });

  expect(ignoredParams).toEqual([]);
});

test.each([
  [{ max_tokens: 5 }, 5],
  [{ max_completion_tokens: 6 }, 6],
  [{ max_tokens: 7, max_completion_tokens: 7 }, 7],
  [{ max_tokens: null, max_completion_tokens: 8 }, 8],
  [{ max_tokens: 9, max_completion_tokens: null }, 9],
])("takes %j as a limit of %i tokens", (fields, limit) => {
  expect(parse(fields).request.maxTokens).toBe(limit);
});

test("refuses two limits that contradict each other", () => {
  const refusal = refusalOf({ max_tokens: 5, max_completion_tokens: 6 });

  expect([refusal.code, refusal.param]).toEqual(["invalid_value", "max_tokens"]);
  expect(refusal.message).toBe("max_tokens is 5 and max_completion_tokens is 6; send one of them");
});

test("opens a stream with the role and no text", () => {
  const [first, ...others] = encoder().start();

  expect(others).toEqual([]);
  expect(JSON.parse(first?.data ?? "")).toEqual({
    ...HEAD,
    choices: [
      { index: 0, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null },
    ],
  });
});

test("has only the text in the delta of a chunk", () => {
  expect(JSON.parse(encoder().delta("Hi").data)).toEqual({
    ...HEAD,
    choices: [{ index: 0, delta: { content: "Hi" }, logprobs: null, finish_reason: null }],
  });
});

test("ends with an empty delta and the reason", () => {
  const [last] = encoder().finish("stop", RECEIPT);

  expect(JSON.parse(last?.data ?? "")).toMatchObject({
    ...HEAD,
    choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }],
  });
});

test("has the whole message in a body", () => {
  expect(encoder().body("Hello", "length", RECEIPT)).toMatchObject({
    ...HEAD,
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "Hello", refusal: null },
        logprobs: null,
        finish_reason: "length",
      },
    ],
  });
});
