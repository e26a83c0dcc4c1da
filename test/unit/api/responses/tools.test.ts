// The tools of a response: namespaces, custom tools, and tools of the vendor's servers.

import { expect, test } from "vitest";
import type { ParseContext } from "../../../../src/api/dialect.ts";
import { openaiResponses } from "../../../../src/api/responses/responses.ts";
import type { Delta } from "../../../../src/generation/events.ts";
import {
  callDelta,
  choiceOf,
  ended,
  IDENTITY,
  RECEIPT,
} from "../../../support/clients/receipts.ts";

const CONTEXT: ParseContext = { defaultMaxTokens: null, allowsGrammar: false, randomSeed: () => 1 };
const parameters = { type: "object", properties: {} };
const fn = (name: string) => ({ type: "function", name, parameters });
const namespace = (name: string, ...tools: object[]) => ({ type: "namespace", name, tools });
const CUSTOM = { type: "custom", name: "edit" };

function parse(body: object) {
  return openaiResponses.parse({ input: "Hi", ...body }, CONTEXT);
}

function promptOf(body: object) {
  const prompt = parse(body).requests[0]?.prompt;
  if (prompt?.type !== "messages") throw new Error("no messages");
  return prompt;
}

function callableOf(body: object): readonly string[] {
  return promptOf(body).tools?.callable ?? [];
}

function outputOf(body: object, name: string, args: string) {
  const whole = parse(body)
    .encoder(IDENTITY)
    .body([choiceOf("", { toolCalls: [{ name, arguments: args }] })], RECEIPT);
  return (whole as { output: readonly object[] }).output;
}

test("leaves out tools of the vendor's servers, wherever they are, and names them", () => {
  const tools = [
    { type: "web_search", external_web_access: false },
    fn("f"),
    namespace("n", { type: "file_search" }, fn("g")),
    { type: "brand_new" },
  ];

  expect(callableOf({ tools })).toEqual(["f", "g"]);
  expect(parse({ tools }).ignoredParams).toEqual(["tools[0]", "tools[2].tools[0]", "tools[3]"]);
});

test("names a namespace's description and values of include that add nothing", () => {
  const tools = [{ ...namespace("n", fn("g")), description: "About g." }];
  const include = ["reasoning.encrypted_content", "web_search_call.action.sources"];

  expect(parse({ tools, include }).ignoredParams).toEqual(["tools[0].description", "include"]);
});

test("gives tools of namespaces their own names, unless two have the same", () => {
  const tools = [
    namespace("a", fn("read"), fn("list")),
    namespace("b", fn("read")),
    fn("b__read"),
    fn("list2"),
  ];

  expect(callableOf({ tools })).toEqual(["a__read", "list", "b__read_", "b__read", "list2"]);
});

test("sends a call back with the namespace and the client's name", () => {
  const tools = [namespace("a", fn("read")), namespace("b", fn("read"), CUSTOM)];

  expect(outputOf({ tools }, "b__read", "{}")).toMatchObject([
    { type: "function_call", namespace: "b", name: "read", arguments: "{}" },
  ]);
  expect(outputOf({ tools }, "edit", '{"input":"x"}')).toMatchObject([
    { type: "custom_tool_call", namespace: "b", name: "edit", input: "x" },
  ]);
});

test("reads earlier calls under the name that the tool has in the model", () => {
  const tools = [namespace("a", fn("read")), namespace("b", fn("read"))];
  const call = { type: "function_call", call_id: "1", name: "read", arguments: "{}" };
  const input = [
    { ...call, namespace: "b" },
    { ...call, call_id: "2" },
  ];

  expect(promptOf({ tools, input }).messages).toMatchObject([
    { toolCalls: [{ name: "b__read" }, { name: "read" }] },
  ]);
});

test.each([
  [{ type: "function", name: "read", namespace: "b" }, ["b__read"], true],
  [{ type: "function", name: "read" }, ["a__read", "b__read"], true],
  [{ type: "custom", name: "edit" }, ["edit"], true],
  [
    { type: "allowed_tools", mode: "auto", tools: [{ type: "custom", name: "edit" }] },
    ["edit"],
    false,
  ],
])("reads the choice %j", (tool_choice, callable, isRequired) => {
  const tools = [namespace("a", fn("read")), namespace("b", fn("read")), CUSTOM];

  expect(promptOf({ tools, tool_choice }).tools).toMatchObject({ callable, isRequired });
});

test.each([
  [[namespace("a", fn("f"), fn("f"))], "tools[0].tools[1].name"],
  [[namespace("a", fn("a b"))], "tools[0].tools[0].name"],
  [[{ type: "custom" }], "tools[0].name"],
  [[namespace("a", ...Array.from({ length: 257 }, (_, index) => fn(`f${index}`)))], "tools"],
])("refuses %j, naming %s", (tools, param) => {
  expect(() => parse({ tools })).toThrow(expect.objectContaining({ param }));
});

test("repeats the tools that the model has in the answer", () => {
  const body = parse({ tools: [{ type: "web_search" }, CUSTOM] })
    .encoder(IDENTITY)
    .body([choiceOf("Hi")], RECEIPT);

  expect(body).toMatchObject({ tools: [CUSTOM] });
});

test("streams the call of a custom tool as its input", () => {
  const encoder = parse({ tools: [CUSTOM] }).encoder(IDENTITY);
  const deltas: readonly Delta[] = [
    callDelta(0, "edit"),
    ...['{"in', 'put":"a\\', 'nb"', "}"].map((text) => callDelta(0, null, text)),
  ];
  const frames = [
    ...deltas.flatMap((delta) => encoder.delta(0, delta)),
    ...encoder.finish(0, ended("tool-calls"), RECEIPT),
  ];

  const events = frames.map(({ data }) => JSON.parse(data) as Record<string, unknown>).slice(2);
  expect(events).toMatchObject([
    { type: "response.output_item.added", item: { type: "custom_tool_call" } },
    { type: "response.custom_tool_call_input.delta", delta: "a", output_index: 0 },
    { type: "response.custom_tool_call_input.delta", delta: "\nb" },
    { type: "response.custom_tool_call_input.done", input: "a\nb" },
    { type: "response.output_item.done", item: { input: "a\nb", status: "completed" } },
    { type: "response.completed" },
  ]);
});

test.each([
  [{ type: "grammar", syntax: "lark", definition: "start: /.+/" }, true],
  [{ type: "grammar", grammar: { syntax: "lark", definition: "start: /.+/" } }, true],
  [{ type: "grammar", syntax: "regex", definition: "[a-z]+" }, false],
])("reads the format %j of a custom tool, also in a namespace", (format, isIgnored) => {
  const tools = [{ ...CUSTOM, format }, namespace("n", { ...CUSTOM, name: "other", format })];

  expect(parse({ tools }).ignoredParams).toEqual(
    isIgnored ? ["tools[0].format", "tools[1].tools[0].format"] : [],
  );
});

test("leaves hosted tools out of a choice among some, and refuses one that requires nothing else", () => {
  const tools = [fn("f"), fn("g"), { type: "web_search" }];
  const among = (mode: string, ...names: object[]) => ({
    tools,
    tool_choice: { type: "allowed_tools", mode, tools: [{ type: "web_search" }, ...names] },
  });
  const some = among("auto", { type: "function", name: "g" });

  expect(callableOf(some)).toEqual(["g"]);
  expect(parse(some).ignoredParams).toEqual(["tools[2]", "tool_choice.tools[0]"]);
  expect(promptOf(among("auto")).tools).toBeNull();
  expect(() => parse(among("required"))).toThrow(/^tool_choice requires a call, but there are no/);
});
