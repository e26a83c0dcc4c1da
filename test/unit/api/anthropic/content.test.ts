import { describe, expect, test } from "vitest";
import { anthropicMessages } from "../../../../src/api/anthropic/messages.ts";
import type { Message } from "../../../../src/generation/request.ts";
import type { MessagesPrompt } from "../../../support/clients/requests.ts";

const CONTEXT = { defaultMaxTokens: null, allowsGrammar: false, randomSeed: () => 1 };

function read(messages: readonly object[], system?: unknown): readonly Message[] {
  const body = { max_tokens: 5, messages, ...(system === undefined ? {} : { system }) };
  const { requests } = anthropicMessages.parse(body, CONTEXT);
  return requests.flatMap(({ prompt }) => (prompt as MessagesPrompt).messages);
}

const user = (content: unknown) => ({ role: "user", content });
const assistant = (content: unknown) => ({ role: "assistant", content });
const text = (of: string) => ({ type: "text", text: of });
const use = (id: string, name: string, input: object = {}) => ({
  type: "tool_use",
  id,
  name,
  input,
});
const result = (tool_use_id: string, content?: unknown, more: object = {}) => ({
  type: "tool_result",
  tool_use_id,
  ...(content === undefined ? {} : { content }),
  ...more,
});
const hi: Message = { role: "user", content: "Hi" };

describe("the system prompt", () => {
  test.each([
    ["a text", "Be brief.", "Be brief."],
    ["blocks", [text("Be brief."), text("Be kind.")], "Be brief.\nBe kind."],
  ])("given as %s is the first message", (_form, system, content) => {
    expect(read([user("Hi")], system)).toEqual([{ role: "system", content }, hi]);
  });

  test.each([[""], [[]], [null], [[text("")]]])("is left out if empty", (system) => {
    expect(read([user("Hi")], system)).toEqual([hi]);
  });

  test("may also stand among the messages", () => {
    const system = { role: "system", content: "Now be kind." };

    expect(read([user("Hi"), system], "Be brief.")).toEqual([
      { role: "system", content: "Be brief." },
      hi,
      { role: "system", content: "Now be kind." },
    ]);
  });
});

test("puts the user's blocks on lines of their own, and joins the assistant's directly", () => {
  expect(
    read([user([text("a"), text("b")]), assistant([text("c"), text("d")]), user("e")]),
  ).toMatchObject([{ content: "a\nb" }, { content: "cd" }, { content: "e" }]);
});

test("merges consecutive messages of one role", () => {
  const given = [user("a"), user([text("b")]), assistant("c"), assistant([use("1", "f")])];

  expect(read([...given, user([result("1", "d")]), user("e")])).toEqual([
    { role: "user", content: "a\nb" },
    {
      role: "assistant",
      content: "c",
      reasoning: null,
      toolCalls: [{ id: "1", name: "f", arguments: {} }],
    },
    { role: "tool", content: "d", toolCallId: "1", name: "f" },
    { role: "user", content: "e" },
  ]);
});

test.each([
  [{ a: 1 }, { a: 1 }],
  ['{"a":1}', { a: 1 }],
  ['{"a":', { arguments: '{"a":' }],
  [null, {}],
])("the input %j of a call that was sent back is %j", (input, args) => {
  const messages = read([
    user("a"),
    assistant([{ type: "tool_use", id: "1", name: "f", input }]),
    user([result("1", "b")]),
  ]);

  expect(messages[1]).toMatchObject({ toolCalls: [{ arguments: args }] });
});

test("reads thinking blocks as reasoning, and drops redacted ones", () => {
  const blocks = [
    { type: "thinking", thinking: "Hm.", signature: "" },
    { type: "redacted_thinking", data: "xyz" },
    text("Yes."),
  ];

  expect(read([user("Hi"), assistant(blocks), user("Why?")])[1]).toEqual({
    role: "assistant",
    content: "Yes.",
    reasoning: "Hm.",
    toolCalls: [],
  });
});

describe("results of tools", () => {
  const asked = [user("Hi"), assistant([use("1", "f", { a: [1] }), use("2", "g")])];
  const answering = (...blocks: readonly object[]) => read([...asked, user(blocks)]).slice(2);

  test("come before the user's text, with the names of their tools", () => {
    expect(answering(text("and now?"), result("2", "two"), result("1", [text("one")]))).toEqual([
      { role: "tool", content: "two", toolCallId: "2", name: "g" },
      { role: "tool", content: "one", toolCallId: "1", name: "f" },
      { role: "user", content: "and now?" },
    ]);
  });

  test.each([
    ["nothing", result("1"), ""],
    ["a failure", result("1", "no such city", { is_error: true }), "Error: no such city"],
    ["a failure that says so", result("1", "error 5", { is_error: true }), "error 5"],
    ["no failure", result("1", "fine", { is_error: false }), "fine"],
  ])("of %s", (_what, block, content) => {
    expect(answering(block)).toMatchObject([{ role: "tool", content }]);
  });

  test("of a missing call have no name", () => {
    expect(answering(result("9", "x"))).toMatchObject([{ toolCallId: "9", name: null }]);
  });
});
