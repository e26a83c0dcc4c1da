// Fields that control reasoning and the chat template.

import { expect, test } from "vitest";
import { openaiChat } from "../../../../src/api/openai/chat.ts";
import { ServiceError } from "../../../../src/errors.ts";
import type { ModelInfo } from "../../../../src/generation/model-info.ts";

function parse(fields: object) {
  return openaiChat.parse(
    { messages: [{ role: "user", content: "Hi" }], ...fields },
    { defaultMaxTokens: null, allowsGrammar: true, randomSeed: () => 77 },
  );
}

function promptOf(fields: object) {
  const prompt = parse(fields).requests[0]?.prompt;
  if (prompt?.type !== "messages") throw new Error("no messages");
  return prompt;
}

function refusalOf(fields: object): ServiceError {
  try {
    promptOf(fields);
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error("was not refused");
}

test.each([
  ["nothing", {}, null],
  ["null", { reasoning_effort: null }, null],
  ["a level", { reasoning_effort: "high" }, "high"],
  ["none", { reasoning_effort: "none" }, "none"],
  ["enable_thinking off", { chat_template_kwargs: { enable_thinking: false } }, "none"],
  ["thinking off", { chat_template_kwargs: { thinking: false } }, "none"],
  ["enable_thinking on", { chat_template_kwargs: { enable_thinking: true } }, null],
  [
    "a level, and thinking off",
    { reasoning_effort: "low", chat_template_kwargs: { enable_thinking: false } },
    "low",
  ],
])("reads %s as an effort", (_what, fields, effort) => {
  expect(promptOf(fields).reasoning.effort).toBe(effort);
});

test.each([
  [undefined, null],
  [null, null],
  [-1, null],
  [0, 0],
  [512, 512],
])("reads a budget of %j tokens as %j", (thinking_budget_tokens, budget) => {
  expect(promptOf({ thinking_budget_tokens }).reasoning.budgetTokens).toBe(budget);
});

test.each([
  [undefined, true],
  [null, true],
  ["auto", true],
  ["deepseek", true],
  ["none", false],
])(
  "separates reasoning from the answer with reasoning_format %j: %j",
  (reasoning_format, isSeparate) => {
    expect(promptOf({ reasoning_format }).reasoning.isSeparate).toBe(isSeparate);
  },
);

test("passes other variables to the template", () => {
  const chat_template_kwargs = { enable_thinking: true, constructor: 1, deep: { a: [null] } };

  expect(promptOf({ chat_template_kwargs }).variables).toEqual(chat_template_kwargs);
  expect(promptOf({ chat_template_kwargs: null }).variables).toEqual({});
});

test.each(["messages", "tools", "add_generation_prompt", "bos_token", "eos_token"])(
  "refuses the template variable %s, which only the server sets",
  (name) => {
    expect(refusalOf({ chat_template_kwargs: { [name]: "x" } })).toMatchObject({
      code: "invalid_value",
      param: `chat_template_kwargs.${name}`,
      message: `chat_template_kwargs.${name} is set by the server; remove it`,
    });
  },
);

test.each([
  [{ reasoning_effort: "low", reasoning: { effort: "high" } }, ["reasoning.effort"]],
  [{ think: false, enable_thinking: true }, ["enable_thinking"]],
  [{ think: "default", enable_thinking: false }, []],
  [
    {
      thinking_budget_tokens: 5,
      reasoning: { max_tokens: 9 },
      thinking: { type: "enabled", budget_tokens: 5 },
    },
    ["reasoning.max_tokens"],
  ],
])("names in %j what another field contradicts: %j", (fields, left) => {
  const { wishes = [] } = parse(fields);
  const model = { canSwitchReasoning: true, reasoningFormat: "x" } as unknown as ModelInfo;

  expect(wishes.filter((wish) => !wish.isMetBy(model)).map(({ field }) => field)).toEqual(left);
});

test.each([
  ["reasoning_effort", 5, "minimal"],
  ["reasoning_effort", "", "minimal"],
  ["thinking_budget_tokens", -2, "at least -1"],
  ["thinking_budget_tokens", 1.5, "int"],
  ["thinking_budget_tokens", "100", "number"],
  ["reasoning_format", "parsed", "none, auto or deepseek"],
  ["chat_template_kwargs", [], "an object"],
  ["chat_template_kwargs", "enable_thinking", "an object"],
])("refuses %s %j, and states what is allowed", (name, value, words) => {
  const refusal = refusalOf({ [name]: value });

  expect(refusal).toMatchObject({ code: "invalid_value", param: name });
  expect(refusal.message).toContain(words);
});
