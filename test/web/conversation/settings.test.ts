// Error messages for settings that the server would refuse. The examples are valid.

import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../../src/web/conversation/conversation.ts";
import {
  EXAMPLE_SCHEMA,
  EXAMPLE_TOOLS,
  problemsOf,
} from "../../../src/web/conversation/settings.ts";
import { settings } from "./samples.ts";

const tool = (fields: object) => JSON.stringify([{ type: "function", function: fields }]);
const many = (count: number) =>
  JSON.stringify(
    Array.from({ length: count }, (_, at) => ({ type: "function", function: { name: `t${at}` } })),
  );

test.each([
  {},
  { temperature: 0, topP: 0, maxTokens: 1, seed: -1 },
  { temperature: 2, topP: 1, maxTokens: 4096, seed: 0 },
  { temperature: null, topP: null, maxTokens: null, seed: null },
  { stop: Array.from({ length: 16 }, (_, index) => `${index}`) },
  { jsonSchema: EXAMPLE_SCHEMA, tools: EXAMPLE_TOOLS },
  { jsonSchema: " \n", tools: " \n" },
  { tools: "[]" },
  { topK: -1, minP: 1, repeatPenalty: 0.1, presencePenalty: -2, frequencyPenalty: 2 },
  { penaltyTokens: -1, minTokens: 0, reasoningTokens: 0, logitBias: '{"7": -100}' },
  { tools: many(128) },
  { tools: tool({ name: "a.b-c_D9", description: null, parameters: null }) },
])("%j is valid", (given) => {
  expect(problemsOf(settings(given))).toEqual({});
});

test.each([
  [{ temperature: 2.1 }, { temperature: "Enter 0 to 2, or leave empty for the server's default." }],
  [{ temperature: Number.NaN }, { temperature: /0 to 2/ }],
  [{ topP: -0.1 }, { topP: /0 to 1/ }],
  [{ maxTokens: 0 }, { maxTokens: /whole number of at least 1/ }],
  [{ maxTokens: 1.5 }, { maxTokens: /whole number/ }],
  [
    { topK: 1.5 },
    { topK: "Enter a whole number of at least -1 and at most 1000000, or leave empty." },
  ],
  [{ repeatPenalty: 0 }, { repeatPenalty: /above 0 and up to 10/ }],
  [{ presencePenalty: -2.1 }, { presencePenalty: /^Enter -2 to 2/ }],
  [{ logitBias: "[]" }, { logitBias: /^Enter an object/ }],
  [{ logitBias: '{"hello": 1}' }, { logitBias: /^"hello": a token id needs a number/ }],
  [{ logitBias: '{"1": 101}' }, { logitBias: /from -100 to 100/ }],
  [{ seed: 0.5 }, { seed: /whole number/ }],
  [
    { stop: Array.from({ length: 17 }, () => "x") },
    { stop: /At most 16 stop strings are allowed; there are 17/ },
  ],
  [{ stop: ["a", ""] }, { stop: /cannot be empty/ }],
  [{ stop: ["a".repeat(1025)] }, { stop: /at most 1024/ }],
  [
    { jsonSchema: '{\n  "type": object\n}' },
    { jsonSchema: "Line 2, column 11: expected a value." },
  ],
  [{ jsonSchema: "[]" }, { jsonSchema: /a JSON schema must be an object/i }],
  [{ tools: '[{"type": "function"' }, { tools: /^Line 1, column 21: unexpected end/ }],
  [{ tools: "{}" }, { tools: /^Tools must be a list/ }],
  [{ tools: "[1]" }, { tools: "Tool 1: it must be an object." }],
  [{ tools: '[{"name":"a"}]' }, { tools: /^Tool 1: its "type"/ }],
  [{ tools: '[{"type":"function"}]' }, { tools: /needs a "function"/ }],
  [{ tools: tool({}) }, { tools: /needs a "name"/ }],
  [{ tools: tool({ name: "get weather" }) }, { tools: /"get weather" must have/ }],
  [{ tools: tool({ name: "a", parameters: [] }) }, { tools: /"parameters"/ }],
  [{ tools: tool({ name: "a", description: 1 }) }, { tools: /"description"/ }],
  [
    { tools: `${tool({ name: "a" }).slice(0, -1)},${tool({ name: "a" }).slice(1)}` },
    { tools: /^Tool 2: another tool already has the name/ },
  ],
  [{ tools: many(257) }, { tools: /at most 256 tools/i }],
])("the message for %j explains the problem", (given, problems) => {
  const expected = Object.entries(problems).map(([name, words]) => [
    name,
    words instanceof RegExp ? expect.stringMatching(words) : words,
  ]);

  expect(problemsOf({ ...DEFAULT_SETTINGS, ...given })).toEqual(Object.fromEntries(expected));
});
