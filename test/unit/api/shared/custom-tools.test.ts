// Custom tools: the function that the model sees, and the input that clients get.

import { expect, test } from "vitest";
import { CustomInput, customInput, customTool } from "../../../../src/api/shared/custom-tools.ts";

test("shows the model a function with one text", () => {
  const { tool, ignored } = customTool({ name: "edit", description: "Edits." }, "tools[0].custom");

  expect(ignored).toEqual([]);
  expect(tool.definition).toMatchObject({
    type: "function",
    function: {
      name: "edit",
      description: "Edits.",
      parameters: { properties: { input: { type: "string" } }, required: ["input"] },
    },
  });
});

test.each([
  [{ type: "grammar" as const, syntax: "regex", definition: "a|b" }],
  [{ type: "grammar" as const, syntax: "regex", definition: "^a|b$" }],
  [{ type: "grammar" as const, grammar: { syntax: "regex", definition: "a|b" } }],
])("enforces %j for the whole input", (format) => {
  const { tool, ignored } = customTool({ name: "edit", format }, "tools[0]");

  expect(ignored).toEqual([]);
  expect(tool.parameters).toMatchObject({
    isStrict: false,
    param: "tools[0].format",
    schema: { properties: { input: { pattern: "^(?:a|b)$" } } },
  });
});

test("leaves out a lark grammar, and names it", () => {
  const format = { type: "grammar" as const, syntax: "lark", definition: "start: /.+/" };

  const { tool, ignored } = customTool({ name: "edit", format }, "tools[0]");

  expect(ignored).toEqual(["tools[0].format"]);
  expect(JSON.stringify(tool.parameters.schema)).not.toContain("pattern");
});

test("does not enforce the definition of a format that is text", () => {
  const format = { type: "text" as const, syntax: "regex", definition: "a|b" };

  const { tool } = customTool({ name: "edit", format }, "tools[0]");

  expect(JSON.stringify(tool.parameters.schema)).not.toContain("pattern");
});

const INPUT = 'a "b"\\c\t\n\u{1F600} é \\uD83D end';

test.each([
  ["as JSON writes it", JSON.stringify({ input: INPUT })],
  ["with spaces", ` {  "input" : ${JSON.stringify(INPUT)} } `],
  ["with escaped pairs", JSON.stringify({ input: INPUT }).replace("\u{1F600}", "\\ud83d\\ude00")],
])("reads an input %s, however it is split", (_what, text) => {
  const reader = new CustomInput();

  expect([...text].map((each) => reader.push(each)).join("")).toBe(INPUT);
  expect(customInput(text)).toBe(INPUT);
});

test.each([
  ['{"inp', ""],
  ['{"input":"ab', "ab"],
  ['{"input":"ab\\', "ab"],
  ['{"input":"ab\\u00', "ab"],
  ['{"input":"ab\\ud83d', "ab"],
  ['{"input":"a\nb"', "a\nb"],
  ["", ""],
])("reads as much as there is of %j", (text, input) => {
  expect(customInput(text)).toBe(input);
});
