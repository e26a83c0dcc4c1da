// The parts that only chat completions have: prompt, second name of max_tokens, logprobs, chunks.

import { expect, test } from "vitest";
import { openaiChat } from "../../../../src/api/openai/chat.ts";
import { ServiceError } from "../../../../src/errors.ts";
import {
  callDelta,
  choiceOf,
  ended,
  IDENTITY,
  RECEIPT,
  reasoningDelta,
  textDelta,
} from "../../../support/clients/receipts.ts";

const MESSAGES = [{ role: "user", content: "Hi" }];
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

function refusalOf(fields: object): ServiceError {
  try {
    parse(fields);
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error("was not refused");
}

function encoder(fields: object = {}) {
  return parse(fields).encoder(IDENTITY);
}

test("is found at OpenAI's path", () => {
  expect(openaiChat.path).toBe("/v1/chat/completions");
});

test("makes a prompt of messages, without tools, with the template's default for reasoning", () => {
  expect(parse({}).requests[0]).toMatchObject({
    prompt: {
      type: "messages",
      messages: MESSAGES,
      tools: null,
      continuesLast: false,
      reasoning: { effort: null, budgetTokens: null, isSeparate: true },
      variables: {},
    },
    logprobs: null,
    echoesPrompt: false,
  });
});

test.each([
  ["a question", "user", {}, false],
  ["an answer", "assistant", {}, true],
  ["an answer, and says so", "assistant", { continue_final_message: true }, true],
  ["an answer, and says not", "assistant", { continue_final_message: false }, false],
  ["an answer, but opens a new one", "assistant", { add_generation_prompt: true }, false],
  ["an answer, and opens none", "assistant", { add_generation_prompt: false }, true],
])(
  "knows whether an answer goes on where the client ends with %s",
  (_what, role, fields, goesOn) => {
    const messages = [...MESSAGES, { role, content: "One" }];

    const [request] = parse({ messages, ...fields }).requests;

    expect(request?.prompt).toMatchObject({ continuesLast: goesOn });
  },
);

test.each([
  [{ continue_final_message: true }, "continue_final_message"],
  [{ add_generation_prompt: false }, "add_generation_prompt"],
])("refuses to continue a message that is not an answer: %j", (fields, param) => {
  expect(refusalOf(fields)).toMatchObject({ code: "invalid_value", param });
});

test("refuses to continue an answer and open a new one", () => {
  const messages = [...MESSAGES, { role: "assistant", content: "One" }];
  const fields = { messages, continue_final_message: true, add_generation_prompt: true };

  expect(refusalOf(fields)).toMatchObject({ param: "continue_final_message" });
});

test("lists unknown fields inside messages, each once, and no known fields without effect", () => {
  const content = [{ type: "text", text: "Hi", cache_control: {} }];
  const message = { role: "user", content, name: "bob", mood: "good" };

  const { ignoredParams } = parse({ messages: [message, message] });

  expect(ignoredParams).toEqual(["messages[].content[].cache_control", "messages[].mood"]);
});

test("reports missing messages as missing, not as invalid", () => {
  const refuse = () =>
    openaiChat.parse({}, { defaultMaxTokens: null, allowsGrammar: true, randomSeed: () => 77 });

  expect(refuse).toThrow("messages is required");
  expect(refuse).toThrow(expect.objectContaining({ code: "missing_parameter" }));
});

test.each([
  ["functions", [{ name: "f" }]],
  ["function_call", { name: "f" }],
  ["modalities", ["text", "audio"]],
  ["audio", { voice: "alloy" }],
  ["chat_template", "{{ messages }}"],
  ["echo", true],
])("refuses %s %j by name", (name, value) => {
  const refusal = refusalOf({ [name]: value });

  expect([refusal.code, refusal.param]).toEqual(["unsupported_parameter", name]);
});

test("accepts neutral values that SDKs send", () => {
  const { ignoredParams } = parse({
    tools: [],
    tool_choice: "auto",
    parallel_tool_calls: true,
    functions: [],
    modalities: ["text"],
    top_logprobs: 0,
    reasoning_effort: null,
    audio: null,
  });

  expect(ignoredParams).toEqual([]);
});

test.each([
  [{ logprobs: true }, { alternatives: 0, includesPrompt: false }],
  [
    { logprobs: true, top_logprobs: 20 },
    { alternatives: 20, includesPrompt: false },
  ],
  [{ logprobs: false, top_logprobs: 0 }, null],
  [{ logprobs: null }, null],
])("reads the logprob options %j as %j", (fields, wish) => {
  expect(parse(fields).requests[0]?.logprobs).toEqual(wish);
});

test.each([
  [{ top_logprobs: 5 }, "top_logprobs requires logprobs: true"],
  [{ top_logprobs: 5, logprobs: false }, "top_logprobs requires logprobs: true"],
  [{ top_logprobs: 21, logprobs: true }, "top_logprobs: "],
  [{ top_logprobs: -1, logprobs: true }, "top_logprobs: "],
])("refuses the logprob options %j", (fields, words) => {
  const refusal = refusalOf(fields);

  expect([refusal.code, refusal.param]).toEqual(["invalid_value", "top_logprobs"]);
  expect(refusal.message).toContain(words);
});

test.each([
  [{ max_tokens: 5 }, 5],
  [{ max_completion_tokens: 6 }, 6],
  [{ max_tokens: 7, max_completion_tokens: 7 }, 7],
  [{ max_tokens: null, max_completion_tokens: 8 }, 8],
  [{ max_tokens: 9, max_completion_tokens: null }, 9],
])("reads %j as a limit of %i tokens", (fields, limit) => {
  expect(parse(fields).requests[0]?.maxTokens).toBe(limit);
});

test("refuses two limits that contradict each other", () => {
  const refusal = refusalOf({ max_tokens: 5, max_completion_tokens: 6 });

  expect([refusal.code, refusal.param]).toEqual(["invalid_value", "max_tokens"]);
  expect(refusal.message).toBe(
    "max_tokens is 5 and max_completion_tokens is 6; send only one of them",
  );
});

function choiceIn(delta: object, finish_reason: string | null = null, index = 0) {
  return { index, delta, logprobs: null, finish_reason };
}

function chunksOf(frames: readonly { readonly data: string }[]) {
  return frames.filter(({ data }) => data !== "[DONE]").map(({ data }) => JSON.parse(data));
}

test("opens a choice with the role and no text before its first text", () => {
  const [first, second, ...others] = chunksOf(encoder().delta(0, textDelta("Hi")));

  expect(others).toEqual([]);
  expect(first).toEqual({ ...HEAD, choices: [choiceIn({ role: "assistant", content: "" })] });
  expect(second).toEqual({ ...HEAD, choices: [choiceIn({ content: "Hi" })] });
});

test("opens each choice once", () => {
  const encode = encoder({ n: 2 });

  const chunks = [0, 1, 0, 1].flatMap((index) => chunksOf(encode.delta(index, textDelta("a"))));

  const opened = chunks
    .filter(({ choices }) => choices[0].delta.role)
    .map(({ choices }) => choices);
  expect(opened.map(([choice]) => choice.index)).toEqual([0, 1]);
  expect(chunks).toHaveLength(6);
});

test("sends only the text in the delta of a later chunk", () => {
  const encode = encoder();
  encode.delta(0, textDelta("Hi"));

  expect(chunksOf(encode.delta(0, textDelta(" you")))).toEqual([
    { ...HEAD, choices: [choiceIn({ content: " you" })] },
  ]);
});

test("sends reasoning as reasoning_content, without content", () => {
  expect(chunksOf(encoder().delta(0, reasoningDelta("Hm")))).toEqual([
    { ...HEAD, choices: [choiceIn({ role: "assistant", content: null })] },
    { ...HEAD, choices: [choiceIn({ reasoning_content: "Hm" })] },
  ]);
});

test("sends a call's id, type and name once, then deltas of its arguments", () => {
  const encode = encoder();

  const chunks = [callDelta(0, "f"), callDelta(0, null, '{"a"'), callDelta(0, null, ":1}")].flatMap(
    (delta) => chunksOf(encode.delta(0, delta)),
  );

  const called = { name: "f", arguments: "" };
  expect(chunks.slice(1).map(({ choices }) => choices[0].delta)).toEqual([
    { tool_calls: [{ index: 0, id: "call_abc000000", type: "function", function: called }] },
    { tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] },
    { tool_calls: [{ index: 0, function: { arguments: ":1}" } }] },
  ]);
});

test("gives every call of an answer a unique id", () => {
  const encode = encoder({ n: 2 });

  const ids = [0, 1].flatMap((choice) =>
    [0, 1].map((index) => chunksOf(encode.delta(choice, callDelta(index, "f"))).at(-1)),
  );

  const named = ids.map(({ choices }) => choices[0].delta.tool_calls[0].id);
  expect(new Set(named).size).toBe(4);
  for (const id of named) expect(id).toMatch(/^call_[a-z\d]+$/);
});

test("ends with an empty delta and the reason", () => {
  const encode = encoder();
  encode.delta(0, textDelta("Hi"));

  const [last] = chunksOf(encode.finish(0, ended("stop"), RECEIPT));

  expect(last).toMatchObject({ ...HEAD, choices: [choiceIn({}, "stop")] });
});

test("opens a choice that ends without text", () => {
  const [opening, last] = chunksOf(encoder().finish(0, ended("length"), RECEIPT));

  expect(opening.choices).toEqual([choiceIn({ role: "assistant", content: "" })]);
  expect(last.choices).toEqual([choiceIn({}, "length")]);
});

test("has the finish reason tool_calls if the answer called tools", () => {
  const encode = encoder();
  encode.delta(0, callDelta(0, "f"));

  expect(chunksOf(encode.finish(0, ended("tool-calls"), RECEIPT))[0].choices).toEqual([
    choiceIn({}, "tool_calls"),
  ]);
});

test("has the whole message in a body", () => {
  expect(encoder().body([choiceOf("Hello", { ending: ended("length") })], RECEIPT)).toMatchObject({
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

test("has reasoning and calls in the message of a body, and null for missing text", () => {
  const toolCalls = [{ name: "f", arguments: '{"a":1}' }];
  const choice = choiceOf("", { reasoning: "Hm", toolCalls, ending: ended("tool-calls") });

  const body = encoder().body([choice], RECEIPT) as { choices: { message: object }[] };

  expect(body.choices[0]?.message).toEqual({
    role: "assistant",
    content: null,
    refusal: null,
    reasoning_content: "Hm",
    tool_calls: [{ id: "call_abc000000", type: "function", function: toolCalls[0] }],
  });
});

const CUSTOM = {
  tools: [
    { type: "custom", custom: { name: "edit" } },
    { type: "function", function: { name: "f" } },
  ],
};

test("sends the call of a custom tool with its input, beside calls of functions", () => {
  const toolCalls = [
    { name: "f", arguments: "{}" },
    { name: "edit", arguments: '{"input":"a\\nb"}' },
  ];

  expect(encoder(CUSTOM).body([choiceOf("", { toolCalls })], RECEIPT)).toMatchObject({
    choices: [
      {
        message: {
          content: null,
          tool_calls: [
            { type: "function", function: { name: "f", arguments: "{}" } },
            { type: "custom", custom: { name: "edit", input: "a\nb" } },
          ],
        },
      },
    ],
  });
});

test("streams the input of a custom tool", () => {
  const encode = encoder(CUSTOM);
  const deltas = [
    callDelta(0, "edit"),
    callDelta(0, null, '{"input":"a\\'),
    callDelta(0, null, 'nb"}'),
    callDelta(1, "f"),
    callDelta(1, null, "{}"),
  ];

  const calls = deltas
    .flatMap((delta) => encode.delta(0, delta))
    .flatMap(({ data }) => JSON.parse(data).choices[0].delta.tool_calls ?? []);

  expect(calls).toMatchObject([
    { index: 0, type: "custom", custom: { name: "edit", input: "" } },
    { index: 0, custom: { input: "a" } },
    { index: 0, custom: { input: "\nb" } },
    { index: 1, type: "function", function: { name: "f", arguments: "" } },
    { index: 1, function: { arguments: "{}" } },
  ]);
});

test.each([
  [{ tool_choice: { type: "custom", custom: { name: "edit" } } }, ["edit"]],
  [
    {
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "required", tools: [{ type: "custom", custom: { name: "edit" } }] },
      },
    },
    ["edit"],
  ],
])("reads the choice of a custom tool: %j", (choice, callable) => {
  expect(parse({ ...CUSTOM, ...choice }).requests[0]?.prompt).toMatchObject({
    tools: { callable, isRequired: true },
  });
});

test.each([
  [{ type: "grammar", grammar: { syntax: "lark", definition: "start: /.+/" } }, true],
  [{ type: "grammar", syntax: "lark", definition: "start: /.+/" }, true],
  [{ type: "grammar", grammar: { syntax: "regex", definition: "[a-z]+" } }, false],
  [{ type: "text" }, false],
])("reads the format %j of a custom tool", (format, isIgnored) => {
  const tools = [{ type: "custom", custom: { name: "edit", format } }];

  expect(parse({ tools }).ignoredParams).toEqual(isIgnored ? ["tools[0].custom.format"] : []);
});
