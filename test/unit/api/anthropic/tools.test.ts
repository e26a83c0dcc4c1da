// Tools of Anthropic's own types, which have no schema in the request.

import { describe, expect, test } from "vitest";
import { anthropicMessages } from "../../../../src/api/anthropic/messages.ts";
import type { MessagesPrompt } from "../../../support/clients/requests.ts";

const CONTEXT = { defaultMaxTokens: null, allowsGrammar: false, randomSeed: () => 1 };
const own = { name: "f", input_schema: { type: "object" } };
const search = { type: "web_search_20250305", name: "web_search", max_uses: 5 };

function parse(
  tools: readonly object[],
  tool_choice?: object,
  messages: readonly object[] = [{ role: "user", content: "Hi" }],
) {
  const parsed = anthropicMessages.parse({ max_tokens: 5, messages, tools, tool_choice }, CONTEXT);
  const [use] = parsed.requests.map(({ prompt }) => (prompt as MessagesPrompt).tools);
  return { use, ignoredParams: parsed.ignoredParams };
}

test.each([
  search,
  { type: "code_execution_20250825", name: "code_execution" },
  { type: "web_fetch_20250910", name: "web_fetch" },
  { type: "tool_search_tool_regex_20251119", name: "tool_search_tool_regex" },
  { type: "computer_20250124", name: "computer", display_width_px: 1, display_height_px: 1 },
  { type: "mcp_toolset", mcp_server_name: "s" },
  { type: "newer_20300101" },
])("%j is left out and named", (hosted) => {
  const { use, ignoredParams } = parse([own, hosted]);

  expect(ignoredParams).toEqual(["tools[1]"]);
  expect(use?.callable).toEqual(["f"]);
});

test.each([
  [{ type: "tool", name: "web_search" }, "tool_choice.name"],
  [{ type: "any" }, "tool_choice"],
])("a tool that is left out cannot be forced with %j", (choice, param) => {
  expect(() => parse([search], choice)).toThrow(param);
});

test.each([
  ["bash_20250124", "bash", "restart"],
  ["text_editor_20250728", "str_replace_based_edit_tool", "insert_text"],
  ["memory_20250818", "memory", "old_path"],
])("%s has the schema that its clients know", (type, name, property) => {
  const { use, ignoredParams } = parse([{ type, name, max_characters: 9 }], { type: "any" });

  expect(ignoredParams).toEqual([]);
  expect(use).toMatchObject({ callable: [name], isRequired: true });
  expect(use?.tools[0]?.definition).toMatchObject({
    function: { name, description: expect.any(String), parameters: { type: "object" } },
  });
  expect(JSON.stringify(use?.tools[0]?.definition)).toContain(`"${property}"`);
});

test("a tool that may be called by code is offered to the model, and its wish is named", () => {
  const { use, ignoredParams } = parse([{ ...own, allowed_callers: ["code_execution_20250825"] }]);

  expect(use?.callable).toEqual(["f"]);
  expect(ignoredParams).toEqual(["tools[0].allowed_callers"]);
  expect(parse([{ ...own, allowed_callers: ["direct"] }]).ignoredParams).toEqual([]);
});

describe("a deferred tool", () => {
  const tools = [
    { ...own, name: "search" },
    { ...own, defer_loading: true },
  ];
  const called = (name: string) => [
    { role: "user", content: "Hi" },
    { role: "assistant", content: [{ type: "tool_use", id: "1", name, input: {} }] },
  ];
  const answered = (content: object[]) => ({
    role: "user",
    content: [{ type: "tool_result", tool_use_id: "1", content }],
  });

  test.each([
    ["is not listed at first", undefined, undefined, ["search"]],
    ["is listed if it is chosen", { type: "tool", name: "f" }, undefined, ["search", "f"]],
    [
      "is listed once a result refers to it",
      undefined,
      [...called("search"), answered([{ type: "tool_reference", tool_name: "f" }])],
      ["search", "f"],
    ],
    [
      "is listed once it has been called",
      undefined,
      [...called("f"), answered([{ type: "text", text: "1" }])],
      ["search", "f"],
    ],
  ])("%s", (_what, choice, messages, expected) => {
    const { use, ignoredParams } = parse(tools, choice, messages);

    expect(use?.tools.map(({ name }) => name)).toEqual(expected);
    expect(ignoredParams).toEqual([]);
  });

  test("is listed and named if Anthropic's server would search for it", () => {
    const { use, ignoredParams } = parse([search, { ...own, defer_loading: true }]);

    expect(use?.callable).toEqual(["f"]);
    expect(ignoredParams).toEqual(["tools[0]", "tools[1].defer_loading"]);
  });
});
