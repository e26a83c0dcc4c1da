// The grammar of tool calls, format by format: the calls that it allows are parsed back to the same calls.

import { expect, test } from "vitest";
import { OutputParser } from "../../../../src/worker/output/output-parser.ts";
import { reasoningFormatNamed } from "../../../../src/worker/output/reasoning-formats.ts";
import type { ToolFormat } from "../../../../src/worker/output/tool-format.ts";
import {
  GENERIC,
  TOOL_FORMATS,
  toolFormatNamed,
} from "../../../../src/worker/output/tool-formats.ts";
import {
  type CallGrammarOptions,
  callGrammar,
} from "../../../../src/worker/output/tool-grammar.ts";
import { compiledTools } from "../../../support/engines/compile-schemas.ts";
import { Gbnf } from "../../../support/gbnf.ts";

const CITY = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const NUMBERS = {
  type: "object",
  properties: { a: { type: "integer" }, b: { type: "integer" } },
  required: ["a", "b"],
};

/** One call as each family writes it, and the text between two calls. */
const WRITTEN: Readonly<Record<string, { readonly call: string; readonly second?: string }>> = {
  generic: tagged(),
  hermes: tagged(),
  harmony: { call: 'to=functions.get_weather <|constrain|>json<|message|>{"city": "Rome"}' },
  "functionary-v3.2": {
    call: 'get_weather\n{"city": "Rome"}',
    second: '>>>add\n{"a": 1, "b": 2}',
  },
  "functionary-v3.1": {
    call: '<function=get_weather>{"city": "Rome"}</function>',
    second: '<function=add>{"a": 1, "b": 2}</function>',
  },
  "deepseek-r1": {
    call: '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Rome"}\n```<｜tool▁call▁end｜>',
    second:
      '\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>add\n```json\n{"a": 1, "b": 2}\n```<｜tool▁call▁end｜>',
  },
  "deepseek-v3.1": {
    call: '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Rome"}<｜tool▁call▁end｜>',
    second: '<｜tool▁call▁begin｜>add<｜tool▁sep｜>{"a": 1, "b": 2}<｜tool▁call▁end｜>',
  },
  "mistral-v11": {
    call: '[TOOL_CALLS]get_weather[ARGS]{"city": "Rome"}',
    second: '[TOOL_CALLS]add[CALL_ID]123456789[ARGS]{"a": 1, "b": 2}',
  },
  mistral: {
    call: '[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Rome"}, "id": "abcdef123"}',
    second: ', {"name": "add", "arguments": {"a": 1, "b": 2}}',
  },
  "gemma-4": {
    call: '<|tool_call>call:get_weather{city:<|"|>Rome<|"|>}<tool_call|>',
    second: "<|tool_call>call:add{a:1,b:2}<tool_call|>",
  },
  "function-gemma": {
    call: "<start_function_call>call:get_weather{city:<escape>Rome<escape>}<end_function_call>",
    second: "<start_function_call>call:add{a:1,b:2}<end_function_call>",
  },
  "llama-3": { call: '{"name": "get_weather", "parameters": {"city": "Rome"}}' },
};
const ENDS: Readonly<Record<string, string>> = {
  "deepseek-r1": "<｜tool▁calls▁end｜>",
  "deepseek-v3.1": "<｜tool▁calls▁end｜>",
  mistral: "]",
};

function tagged() {
  return {
    call: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>',
    second: '\n<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": 2}}\n</tool_call>',
  };
}

function grammarOf(format: ToolFormat, options: Partial<CallGrammarOptions> = {}): Gbnf {
  const { syntax } = format;
  const compiled = compiledTools({ get_weather: CITY, add: NUMBERS }, syntax);
  const use = { isParallel: true, isRequired: false, answer: null };
  return new Gbnf(callGrammar({ format, ...compiled, ...use, ...options }));
}

function namesRead(format: ToolFormat, text: string): string[] {
  const parser = new OutputParser({
    toolFormat: format,
    toolNames: ["get_weather", "add"],
    reasoningFormat: format.name === "harmony" ? reasoningFormatNamed("harmony") : null,
    keepsReasoningInText: false,
    startsInReasoning: false,
  });
  const parts = [...parser.push(text), ...parser.end()];
  return parts.flatMap((part) => (part.type === "tool-call-delta" ? (part.name ?? []) : []));
}

for (const format of [...TOOL_FORMATS, GENERIC]) {
  const { call, second } = WRITTEN[format.name] ?? { call: "" };
  const end = ENDS[format.name] ?? "";

  test(`${format.name}: allows a call, which is parsed back`, () => {
    expect(grammarOf(format).matches(call + end)).toBe(true);
    expect(namesRead(format, (format.grammar.lead ?? "") + call + end)).toEqual(["get_weather"]);
  });

  test(`${format.name}: restricts name and arguments to the given tools`, () => {
    const grammar = grammarOf(format);

    expect(grammar.matches(call.replace("get_weather", "get_secrets") + end)).toBe(false);
    expect(grammar.matches(call.replace(/(<[^<]*>|")Rome(<[^<]*>|")/, "5") + end)).toBe(false);
    expect(grammar.matches(call.replace(/\{[^{]*Rome[^}]*\}/, "{}") + end)).toBe(false);
    expect(grammar.matches(`${call}${end} And now?`)).toBe(false);
  });

  test(`${format.name}: allows several calls only with parallel calls`, () => {
    const both = call + (second ?? call) + end;

    expect(grammarOf(format).matches(both)).toBe(second !== undefined);
    expect(grammarOf(format, { isParallel: false }).matches(both)).toBe(false);
    if (second !== undefined) expect(namesRead(format, both)).toEqual(["get_weather", "add"]);
  });
}

test("a required call in a format with channels includes the header of its message", () => {
  const grammar = grammarOf(toolFormatNamed("harmony"), { isRequired: true });

  expect(grammar.matches(`<|channel|>commentary ${WRITTEN.harmony?.call}`)).toBe(true);
  expect(grammar.matches(WRITTEN.harmony?.call ?? "")).toBe(false);
});

test("an answer with its own grammar is allowed beside calls", () => {
  const answer = 'no ::= "no"\nroot ::= "yes" | no';

  const grammar = grammarOf(GENERIC, { answer });

  expect(grammar.matches("yes")).toBe(true);
  expect(grammar.matches(tagged().call)).toBe(true);
  expect(grammar.matches("maybe")).toBe(false);
});
