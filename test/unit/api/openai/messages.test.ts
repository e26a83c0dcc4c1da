// OpenAI's chat messages → messages for the model.

import { expect, test } from "vitest";
import { openaiChat } from "../../../../src/api/openai/chat.ts";
import { ServiceError } from "../../../../src/errors.ts";
import type { Message } from "../../../../src/generation/request.ts";

const USER = { role: "user", content: "Hi" };

function parse(messages: unknown) {
  return openaiChat.parse(
    { messages },
    { defaultMaxTokens: null, allowsGrammar: true, randomSeed: () => 77 },
  );
}

function read(...messages: object[]): readonly Message[] {
  const prompt = parse(messages).requests[0]?.prompt;
  if (prompt?.type !== "messages") throw new Error("no messages");
  return prompt.messages;
}

function refusalOf(messages: unknown): ServiceError {
  try {
    parse(messages);
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error("was not refused");
}

function call(id: string, name: string, args = "{}") {
  return { id, type: "function", function: { name, arguments: args } };
}

function calling(...tool_calls: object[]) {
  return { role: "assistant", content: null, tool_calls };
}

test("reads messages of all roles, developer as system", () => {
  const messages = read(
    { role: "system", content: "a" },
    { role: "developer", content: "b" },
    { role: "user", content: "c" },
    { role: "assistant", content: "d" },
    { role: "tool", content: "e", tool_call_id: "c1" },
  );

  expect(messages).toEqual([
    { role: "system", content: "a" },
    { role: "system", content: "b" },
    { role: "user", content: "c" },
    { role: "assistant", content: "d", reasoning: null, toolCalls: [] },
    { role: "tool", content: "e", toolCallId: "c1", name: null },
  ]);
});

test("joins text parts without anything between them", () => {
  const content = ["one ", "two"].map((text) => ({ type: "text", text }));

  expect(read({ role: "user", content })).toEqual([{ role: "user", content: "one two" }]);
});

test("drops fields of a message that no template reads", () => {
  expect(read({ ...USER, name: "bob", tool_calls: [] })).toEqual([USER]);
});

test("keeps the reasoning of an earlier answer", () => {
  expect(read({ role: "assistant", content: "a", reasoning_content: "hm" })).toMatchObject([
    { content: "a", reasoning: "hm" },
  ]);
});

test.each([
  ['{"a":{"b":[1,null]}}', { a: { b: [1, null] } }],
  [" {} ", {}],
  ["", {}],
  ["  ", {}],
  ['{"constructor":1}', { constructor: 1 }],
])("reads the arguments %j", (text, args) => {
  const [answer] = read(calling(call("c1", "f", text)));

  expect(answer).toMatchObject({ content: "", toolCalls: [{ id: "c1", name: "f" }] });
  expect(answer?.role === "assistant" && answer.toolCalls[0]?.arguments).toEqual(args);
});

test.each([
  ["no JSON", "{"],
  ["cut off", '{"city":"Ro'],
  ["a list", "[]"],
  ["a number", "1"],
  ["null", "null"],
  ["the text of a text", '"{}"'],
  ["nested 10,000 levels deep", `{"a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`],
  ["an object with a prototype", '{"__proto__":{}}'],
])("keeps arguments that are %s as a text", (_what, text) => {
  expect(read(calling(call("c1", "f", text)))).toMatchObject([
    { toolCalls: [{ name: "f", arguments: { arguments: text } }] },
  ]);
});

test("reads the call of a custom tool as one with an input", () => {
  const custom = { id: "c1", type: "custom", custom: { name: "edit", input: "a\nb" } };

  expect(read(calling(custom))).toMatchObject([
    { toolCalls: [{ id: "c1", name: "edit", arguments: { input: "a\nb" } }] },
  ]);
});

test.each([
  [
    { content: null, reasoning_content: "Hm" },
    { content: "", reasoning: "Hm" },
  ],
  [
    { content: null, reasoning: "Hm" },
    { content: "", reasoning: "Hm" },
  ],
  [
    { content: null, tool_calls: [] },
    { content: "", toolCalls: [] },
  ],
  [{}, { content: "" }],
  [{ content: [] }, { content: "" }],
  [{ content: null, refusal: "No." }, { content: "No." }],
  [{ content: [{ type: "refusal", refusal: "No." }] }, { content: "No." }],
  [{ content: "a", refusal: "No.", annotations: [] }, { content: "a" }],
])("accepts the assistant's own %j", (answer, message) => {
  expect(read(USER, { role: "assistant", ...answer })[1]).toMatchObject(message);
});

test("writes a note for what a model cannot read in a tool result", () => {
  const content = [
    { type: "text", text: "Done. " },
    { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
    { type: "brand_new" },
  ];

  const result = { role: "tool", tool_call_id: "c1", content };

  expect(read(result)[0]?.content).toBe(
    "Done. [an image that this model cannot see][a part of type brand_new that this model cannot read]",
  );
  expect(parse([USER, result]).ignoredParams).toEqual(["messages[].content[].image_url"]);
  expect(read({ ...result, content: null })[0]?.content).toBe("");
});

test("reads documents of text", () => {
  const fileOf = (type: string, bytes: Buffer) => ({
    type: "file",
    file: { filename: "a.txt", file_data: `data:${type};base64,${bytes.toString("base64")}` },
  });
  const asking = (file: object) => ({
    role: "user",
    content: [file, { type: "text", text: "What is it?" }],
  });

  expect(read(asking(fileOf("text/plain", Buffer.from("é = 7"))))[0]?.content).toBe(
    "a.txt:\né = 7\n\nWhat is it?",
  );
  for (const file of [
    fileOf("application/pdf", Buffer.from("%PDF")),
    fileOf("text/plain", Buffer.from([0xff])),
  ])
    expect(refusalOf([asking(file)])).toMatchObject({
      code: "unsupported_content",
      param: "messages[0].content[0]",
    });
});

test("finds a tool's name by the id of its call, over several turns", () => {
  const messages = read(
    calling(call("c1", "first"), call("c2", "second")),
    { role: "tool", content: "2", tool_call_id: "c2" },
    { role: "tool", content: "1", tool_call_id: "c1", name: "wrong" },
    calling(call("c1", "third")),
    { role: "tool", content: "3", tool_call_id: "c1" },
  );

  const names = messages.flatMap((each) => (each.role === "tool" ? [each.name] : []));
  expect(names).toEqual(["second", "first", "third"]);
});

test("uses the name of a result if no call has its id", () => {
  const result = { role: "tool", content: "1", tool_call_id: "c9", name: "f" };

  expect(read(result)).toMatchObject([{ toolCallId: "c9", name: "f" }]);
});

test.each([
  [[], "at least one message", "messages"],
  [[{ role: "user" }], "required", "messages[0].content"],
  [[{ role: "user", content: 5 }], "a string, or a list of parts", "messages[0].content"],
  [[{ role: "user", content: [] }], "messages[0].content: ", "messages[0].content"],
  [[{ role: "user", content: null }], "a string, or a list", "messages[0].content"],
  [[USER, { role: "robot", content: "x" }], "user, assistant or tool", "messages[1].role"],
  [[{ role: "user", content: [{ type: "text" }] }], "a part", "messages[0].content[0]"],
  [[{ role: "tool", content: "1" }], "required", "messages[0].tool_call_id"],
  [[{ role: "tool", content: "1", tool_call_id: "" }], "", "messages[0].tool_call_id"],
  [[calling({ id: "c1" })], "", "messages[0].tool_calls[0].function"],
  [[calling({ ...call("", "f") })], "", "messages[0].tool_calls[0].id"],
  [[calling({ ...call("c1", "") })], "", "messages[0].tool_calls[0].function.name"],
  [[calling({ ...call("c1", "f"), type: "custom" })], "", "messages[0].tool_calls[0].custom"],
  [[calling({ ...call("c1", "f"), type: "shell" })], "", "messages[0].tool_calls[0].type"],
])("refuses the messages %j", (messages, words, param) => {
  const refusal = refusalOf(messages);

  expect(refusal.param).toBe(param);
  expect(refusal.message).toContain(words);
});

test("requires arguments to be a string, not an object", () => {
  const given = { id: "c1", function: { name: "f", arguments: {} } };

  expect(refusalOf([calling(given)])).toMatchObject({
    param: "messages[0].tool_calls[0].function.arguments",
    message: "messages[0].tool_calls[0].function.arguments: must be a string that holds JSON",
  });
});

test.each(["image_url", "input_audio", "file", "video_url", "audio_url"])(
  "refuses a part of type %s with a reason",
  (type) => {
    const content = [{ type: "text", text: "look:" }, { type }];

    const refusal = refusalOf([USER, { role: "user", content }]);

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
  [{ role: "function", content: "42", name: "f" }, "messages[1].role"],
  [{ role: "assistant", content: "a", function_call: { name: "f" } }, "messages[1].function_call"],
  [{ role: "assistant", content: "a", audio: { id: "x" } }, "messages[1].audio"],
])("refuses OpenAI's older function calls and audio: %j", (message, param) => {
  const refusal = refusalOf([USER, message]);

  expect([refusal.code, refusal.param]).toEqual(["unsupported_content", param]);
});

test("accepts the nulls that SDKs send back", () => {
  const answer = {
    role: "assistant",
    content: "a",
    refusal: null,
    function_call: null,
    audio: null,
  };

  const { ignoredParams } = parse([USER, { ...answer, tool_calls: null }, USER]);

  expect(ignoredParams).toEqual([]);
});
