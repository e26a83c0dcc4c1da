// Items of earlier answers, also of other servers → messages for the model.

import { expect, test } from "vitest";
import type { ParseContext } from "../../../../src/api/dialect.ts";
import { openaiResponses } from "../../../../src/api/responses/responses.ts";
import { IDENTITY } from "../../../support/clients/receipts.ts";

const CONTEXT: ParseContext = { defaultMaxTokens: null, allowsGrammar: false, randomSeed: () => 1 };
const call = (id: string) => ({ type: "function_call", call_id: id, name: "f", arguments: "{}" });
const result = (id: string, output: unknown = `of ${id}`) => ({
  ...{ type: "function_call_output", call_id: id, output },
});
const user = (content: unknown) => ({ role: "user", content });
const said = (content: unknown) => ({ role: "assistant", content });

function parse(...input: object[]) {
  return openaiResponses.parse({ input }, CONTEXT);
}

function messagesOf(...input: object[]) {
  const prompt = parse(...input).requests[0]?.prompt;
  if (prompt?.type !== "messages") throw new Error("no messages");
  return prompt.messages;
}

test("keeps results with their calls if a user's message comes between them", () => {
  const messages = messagesOf(call("1"), call("2"), user("Hurry"), result("2"), result("1"));

  expect(messages).toMatchObject([
    { role: "assistant", toolCalls: [{ id: "1" }, { id: "2" }] },
    { role: "tool", toolCallId: "2", name: "f" },
    { role: "tool", toolCallId: "1", name: "f" },
    { role: "user", content: "Hurry" },
  ]);
});

test("makes text between a call and its result part of the answer with the call", () => {
  expect(messagesOf(said("I look."), call("1"), said("Wait."), result("1"))).toMatchObject([
    { role: "assistant", content: "I look.\nWait.", toolCalls: [{ id: "1" }] },
    { role: "tool", content: "of 1" },
  ]);
});

test("joins text to the answer that got a result first, and to no other", () => {
  const items = [said("Before."), user("Go"), call("1"), user("Hurry"), call("2"), said("Wait.")];

  expect(
    messagesOf(...items, result("2"), said("Done."), result("1"), user("Thanks")),
  ).toMatchObject([
    { role: "assistant", content: "Before." },
    { role: "user", content: "Go" },
    { role: "assistant", content: "Done.", toolCalls: [{ id: "1" }] },
    { role: "tool", content: "of 1" },
    { role: "user", content: "Hurry" },
    { role: "assistant", content: "Wait.", toolCalls: [{ id: "2" }] },
    { role: "tool", content: "of 2" },
    { role: "user", content: "Thanks" },
  ]);
});

test("reads thousands of texts between a call and its result without copying them for each other", () => {
  const texts = Array.from({ length: 4_900 }, () => said("x".repeat(800)));
  const [answer] = messagesOf(call("1"), ...texts, result("1"));

  expect(answer?.content.length).toBe(4_900 * 801 - 1);
});

test("keeps the order of turns that use the same id", () => {
  expect(
    messagesOf(call("1"), result("1", "a"), user("Again"), call("1"), result("1", "b")),
  ).toMatchObject([
    { toolCalls: [{ id: "1" }] },
    { content: "a" },
    { content: "Again" },
    { toolCalls: [{ id: "1" }] },
    { content: "b" },
  ]);
});

test("keeps a call that was cut off, and results that are empty", () => {
  const messages = messagesOf({ ...call("1"), arguments: '{"a' }, result("1", []));

  expect(messages).toMatchObject([
    { toolCalls: [{ arguments: { arguments: '{"a' } }] },
    { role: "tool", content: "" },
  ]);
});

test("reads calls of custom tools, with notes for what a model cannot see in their results", () => {
  const output = [
    { type: "input_text", text: "Done. " },
    { type: "input_image", image_url: "x" },
  ];

  expect(
    messagesOf(
      { type: "custom_tool_call", call_id: "1", name: "edit", input: "*** x" },
      { type: "custom_tool_call_output", call_id: "1", output },
    ),
  ).toMatchObject([
    { toolCalls: [{ name: "edit", arguments: { input: "*** x" } }] },
    { content: "Done. [an image that this model cannot see]" },
  ]);
});

test.each([
  [
    { type: "local_shell_call", call_id: "1", action: { type: "exec", command: ["ls"] } },
    { type: "local_shell_call_output", call_id: "1", output: "a.txt" },
    { name: "local_shell", arguments: { type: "exec", command: ["ls"] } },
    "a.txt",
  ],
  [
    { type: "shell_call", call_id: "1", action: { commands: ["pwd"] } },
    {
      ...{ type: "shell_call_output", call_id: "1" },
      output: [{ stdout: "/x", stderr: "", outcome: { type: "exit", exit_code: 2 } }],
    },
    { name: "shell", arguments: { commands: ["pwd"] } },
    "/x\n(exit code 2)",
  ],
  [
    { type: "apply_patch_call", call_id: "1", operation: { type: "delete_file", path: "a" } },
    { type: "apply_patch_call_output", call_id: "1", status: "completed" },
    { name: "apply_patch", arguments: { path: "a" } },
    "",
  ],
  [
    { type: "computer_call", call_id: "1", action: { type: "screenshot" } },
    { type: "computer_call_output", call_id: "1", output: { type: "computer_screenshot" } },
    { name: "computer", arguments: { type: "screenshot" } },
    "[an image that this model cannot see]",
  ],
])("reads %j as a call with a result", (called, output, toolCall, content) => {
  const messages = messagesOf(called, output);

  expect(messages).toMatchObject([
    { role: "assistant", toolCalls: [{ id: "1", ...toolCall }] },
    { role: "tool", toolCallId: "1", name: toolCall.name, content },
  ]);
});

test.each([
  [{ type: "mcp_call", id: "1", name: "find", arguments: '{"q":1}', output: "it" }, "find", "it"],
  [
    { type: "code_interpreter_call", id: "1", code: "1+1", outputs: [{ type: "logs", logs: "2" }] },
    "code_interpreter",
    "2",
  ],
  [
    { type: "file_search_call", id: "1", queries: ["q"], results: [{ text: "hit" }] },
    "file_search",
    "hit",
  ],
])("reads %j with its result", (item, name, content) => {
  expect(messagesOf(item)).toMatchObject([{ toolCalls: [{ name }] }, { role: "tool", content }]);
});

test.each([
  { type: "web_search_call", id: "1", action: { type: "search", query: "q" } },
  { type: "image_generation_call", id: "1", result: "AAAA" },
  { type: "mcp_list_tools", id: "1", tools: [] },
  { type: "compaction", encrypted_content: "AAAA" },
  { type: "brand_new_call" },
  { type: "constructor" },
])("leaves out %j, and names it", (item) => {
  expect(messagesOf(user("Hi"), item)).toHaveLength(1);
  expect(parse(user("Hi"), item).ignoredParams).toEqual(["input[1]"]);
});

test("leaves out encrypted reasoning, and keeps its summary", () => {
  const summary = [{ type: "summary_text", text: "Hm." }];
  const item = { type: "reasoning", id: "1", summary, encrypted_content: "AAAA" };

  expect(messagesOf(user("Hi"), item, said("Yes"))).toMatchObject([
    { role: "user" },
    { reasoning: "Hm.", content: "Yes" },
  ]);
  expect(parse(user("Hi"), item).ignoredParams).toEqual(["input[1].encrypted_content"]);
});

test("reads refusals and documents of text", () => {
  const document = {
    type: "input_file",
    filename: "a.md",
    file_data: "data:text/markdown,%23%20A",
  };

  expect(
    messagesOf(user([document]), said([{ type: "refusal", refusal: "No." }])).map(
      ({ content }) => content,
    ),
  ).toEqual(["a.md:\n# A\n\n", "No."]);
});

test("stores other items as the client wrote them, and reads them again", () => {
  const item = { type: "shell_call", id: "sh_1", call_id: "1", action: { commands: ["ls"] } };
  const input = [user("Hi"), item];
  const storing = { ...CONTEXT, conversation: () => [] };
  const stored = openaiResponses.parse({ input }, storing).storing?.encoder(IDENTITY).input() ?? [];

  const later = openaiResponses.parse(
    {
      input: [{ type: "shell_call_output", call_id: "1", output: "a" }],
      previous_response_id: "r",
    },
    { ...CONTEXT, conversation: () => stored },
  );

  expect(stored[1]).toEqual(item);
  expect(later.requests[0]?.prompt).toMatchObject({
    messages: [
      { role: "user" },
      { toolCalls: [{ name: "shell" }] },
      { role: "tool", name: "shell" },
    ],
  });
});
