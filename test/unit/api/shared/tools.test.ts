// OpenAI's tools and tool_choice.

import { expect, test } from "vitest";
import { openaiChat } from "../../../../src/api/openai/chat.ts";
import { ServiceError } from "../../../../src/errors.ts";
import type { Json, ToolUse } from "../../../../src/generation/request.ts";
import { compiled, compiledTools } from "../../../support/engines/compile-schemas.ts";

const MESSAGES = [{ role: "user", content: "Hi" }];
const CITY = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

function tool(name: string, more: object = {}) {
  return { type: "function", function: { name, ...more } };
}

function parse(fields: object) {
  const context = { defaultMaxTokens: null, allowsGrammar: true, randomSeed: () => 77 };
  return compiled(openaiChat.parse({ messages: MESSAGES, ...fields }, context));
}

function useOf(fields: object): ToolUse | null {
  const prompt = parse(fields).requests[0]?.prompt;
  if (prompt?.type !== "messages") throw new Error("no messages");
  return prompt.tools;
}

function refusalOf(fields: object): ServiceError {
  try {
    parse(fields);
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error("was not refused");
}

/** The rules of tools whose arguments have these schemas. */
const rulesOf = (...schemas: readonly Json[]) =>
  compiledTools(Object.fromEntries(schemas.map((schema, index) => [`f${index}`, schema]))).rules;
const named = (name: string) => ({ type: "function", function: { name } });
const among = (mode: string, ...names: string[]) => ({
  type: "allowed_tools",
  allowed_tools: { mode, tools: names.map(named) },
});

test.each([
  ["nothing", undefined, ["a", "b"], false],
  ["null", null, ["a", "b"], false],
  ["auto", "auto", ["a", "b"], false],
  ["required", "required", ["a", "b"], true],
  ["the only one that is required", among("required", "b"), ["b"], true],
  ["some", among("auto", "a"), ["a"], false],
  ["some of which one is required", among("required", "b", "a"), ["b", "a"], true],
  ["one several times", among("auto", "a", "a"), ["a"], false],
])("reads the choice of %s", (_what, tool_choice, callable, isRequired) => {
  const use = useOf({ tools: [tool("a"), tool("b")], tool_choice });

  expect(use?.tools.map(({ name }) => name)).toEqual(["a", "b"]);
  expect(use).toMatchObject({ callable, isRequired, isParallel: true });
});

test("leaves a hosted tool out of a choice among some, and names it", () => {
  const tool_choice = among("auto", "b");
  tool_choice.allowed_tools.tools.unshift({ type: "web_search" } as never);
  const { requests, ignoredParams } = parse({ tools: [tool("a"), tool("b")], tool_choice });

  expect(requests[0]?.prompt).toMatchObject({ tools: { callable: ["b"] } });
  expect(ignoredParams).toEqual(["tool_choice.allowed_tools.tools[0]"]);
});

test("returns no tools if the model may not call any", () => {
  expect(useOf({ tools: [tool("a")], tool_choice: "none" })).toBeNull();
  expect(useOf({ tools: [] })).toBeNull();
  expect(useOf({ tools: null, tool_choice: null })).toBeNull();
});

test.each([undefined, null, true])(
  "a tool by name is called once, with parallel_tool_calls %j",
  (parallel_tool_calls) => {
    const use = useOf({ tools: [tool("a")], tool_choice: named("a"), parallel_tool_calls });

    expect(use).toMatchObject({ isRequired: true, isParallel: false });
  },
);

test("lets a client allow only one call per answer", () => {
  expect(useOf({ tools: [tool("a")], parallel_tool_calls: false })).toMatchObject({
    isParallel: false,
  });
});

test("keeps the client's definition unchanged", () => {
  const given = { ...tool("a", { description: "d", parameters: CITY, strict: true }), extra: [1] };

  expect(useOf({ tools: [given] })?.tools[0]?.definition).toEqual(given);
});

test("keeps the schema of a tool's arguments", () => {
  const use = useOf({ tools: [tool("a", { parameters: CITY }), tool("b", { parameters: CITY })] });

  expect(use?.rules).toEqual(rulesOf(CITY, CITY));
  expect(use?.tools.map(({ rule }) => rule)).toEqual(["tool0-arguments", "tool1-arguments"]);
});

test.each([[undefined], [null], [{ type: "object", properties: {} }]])(
  "takes parameters %j for no arguments at all",
  (parameters) => {
    const use = useOf({ tools: [tool("a", { parameters })] });

    expect(use?.rules).toEqual(
      rulesOf({ type: "object", properties: {}, additionalProperties: false }),
    );
  },
);

test.each([
  ["no type", { properties: CITY.properties }],
  ["its only type in a list", { ...CITY, type: ["object"] }],
  ["a reference", { $ref: "#/$defs/city", $defs: { city: CITY } }],
  ["branches", { anyOf: [CITY, { $ref: "#/$defs/city" }], $defs: { city: CITY } }],
])("treats parameters with %s as an object", (_what, parameters) => {
  expect(() => useOf({ tools: [tool("a", { parameters })] })).not.toThrow();
});

test.each([
  ["another type", { type: "string" }],
  ["several types", { type: ["object", "null"] }],
  ["a reference to another type", { $ref: "#/$defs/a", $defs: { a: { type: "string" } } }],
  ["a branch of another type", { anyOf: [CITY, { type: "string" }] }],
  ["a reference without end", { $ref: "#" }],
])("refuses parameters with %s, because arguments are an object", (_what, parameters) => {
  expect(refusalOf({ tools: [tool("a", { parameters })] })).toMatchObject({
    code: "invalid_value",
    param: expect.stringMatching(/^tools\[0\]\.function\.parameters(\.type)?$/),
  });
});

const LOOSE = {
  type: "object",
  properties: { a: { type: "array", items: { type: "string" }, uniqueItems: true } },
};

test("lists the schema keywords of a tool that it cannot enforce, and enforces the rest", () => {
  const parsed = parse({ tools: [tool("x"), tool("a", { parameters: LOOSE })] });

  expect(parsed.ignoredParams).toEqual(["tools[1].function.parameters.properties.a.uniqueItems"]);
  const prompt = parsed.requests[0]?.prompt;
  const enforced = prompt?.type === "messages" ? prompt.tools?.rules : null;
  const open = { type: "object", properties: { a: { type: "array", items: { type: "string" } } } };
  expect(enforced).toEqual(rulesOf({ type: "object", additionalProperties: false }, open));
});

test("refuses a strict tool with a keyword that cannot be enforced", () => {
  const refusal = refusalOf({ tools: [tool("a", { parameters: LOOSE, strict: true })] });

  expect(refusal).toMatchObject({
    code: "unsupported_schema",
    param: "tools[0].function.parameters.properties.a.uniqueItems",
  });
  expect(refusal.message).toContain("cannot be enforced");
});

test("reports a path behind a $ref as the client wrote it", () => {
  const parameters = {
    type: "object",
    properties: { a: { $ref: "#/$defs/list" } },
    $defs: { list: { type: "array", uniqueItems: true } },
  };
  const where = "tools[0].function.parameters.$defs.list.uniqueItems";

  expect(refusalOf({ tools: [tool("a", { parameters, strict: true })] }).param).toBe(where);
  expect(parse({ tools: [tool("a", { parameters })] }).ignoredParams).toEqual([where]);
});

test.each<
  [
    string,
    (
      | { readonly pattern: string; readonly $defs?: object }
      | { readonly $ref: string; readonly $defs?: object }
    ),
  ]
>([
  ["a chain of a thousand references", chainOfReferences(1_000)],
  ["a pattern of 20,000 groups", patternOfGroups(20_000)],
])("refuses %s without a stack overflow", (_what, schema) => {
  const { $defs = {}, ...a } = schema;
  const parameters = { type: "object", properties: { a: { ...a } }, $defs };

  const refusal = refusalOf({ tools: [tool("a", { parameters, strict: true })] });

  expect(refusal).toMatchObject({ code: "unsupported_schema" });
  expect(refusal.param).toMatch(/^tools\[0\]\.function\.parameters/);
});

function patternOfGroups(count: number): { readonly pattern: string; readonly $defs?: object } {
  return { pattern: `^${"(".repeat(count)}a${")".repeat(count)}$` };
}

function chainOfReferences(length: number): { readonly $ref: string; readonly $defs: object } {
  const link = (index: number) => ({
    type: "object",
    properties: { next: { $ref: `#/$defs/l${index + 1}` } },
  });
  const links = Array.from({ length }, (_, index) => [`l${index}`, link(index)] as const);
  return { $ref: "#/$defs/l0", $defs: { ...Object.fromEntries(links), [`l${length}`]: true } };
}

test.each([
  ["a twin", { tools: [tool("a"), tool("b"), tool("a")] }, "tools[2].function.name"],
  ["a choice that is not there", { tools: [tool("a")], tool_choice: named("b") }, "tool_choice"],
  ["a choice among none", { tool_choice: named("b") }, "tool_choice"],
  ["required, without tools", { tools: [], tool_choice: "required" }, "tool_choice"],
  [
    "some that are not there",
    { tools: [tool("a")], tool_choice: among("auto", "c") },
    "tool_choice",
  ],
  [
    "none to choose among",
    { tools: [tool("a")], tool_choice: among("auto") },
    "tool_choice.allowed_tools.tools",
  ],
  ["a choice of another kind", { tools: [tool("a")], tool_choice: "some" }, "tool_choice"],
  ["the choice of a hosted tool", { tool_choice: { type: "web_search" } }, "tool_choice"],
  [
    "a required call of hosted tools alone",
    { tools: [{ type: "web_search" }], tool_choice: "required" },
    "tool_choice",
  ],
  ["a name with a space", { tools: [tool("a b")] }, "tools[0].function.name"],
  ["an empty name", { tools: [tool("")] }, "tools[0].function.name"],
  ["a long name", { tools: [tool("a".repeat(129))] }, "tools[0].function.name"],
  ["257 tools", { tools: Array.from({ length: 257 }, (_, i) => tool(`t${i}`)) }, "tools"],
  [
    "a list as parameters",
    { tools: [tool("a", { parameters: [] })] },
    "tools[0].function.parameters",
  ],
  [
    "arguments that are a list",
    { tools: [tool("a", { parameters: { type: "array" } })] },
    "tools[0].function.parameters.type",
  ],
])("refuses %s", (_what, fields, param) => {
  expect(refusalOf(fields)).toMatchObject({ code: "invalid_value", param });
});

test.each([
  [{ ignore_eos: true }, "ignore_eos"],
  [{ min_tokens: 5 }, "min_tokens"],
  [{ grammar: 'root ::= "a"' }, "grammar"],
])("refuses %j together with tools, because a call ends the answer", (fields, param) => {
  expect(refusalOf({ tools: [tool("a")], ...fields })).toMatchObject({
    code: "invalid_value",
    param,
    message: `${param} cannot be used together with tools`,
  });
});

test("accepts 256 tools", () => {
  expect(
    useOf({ tools: Array.from({ length: 256 }, (_, i) => tool(`t${i}`)) })?.tools,
  ).toHaveLength(256);
});

test("leaves out tools of the vendor's servers, and names them", () => {
  const tools = [{ type: "web_search" }, tool("a"), { type: "brand_new", name: 5 }];

  const { ignoredParams } = parse({ tools });

  expect(useOf({ tools })?.callable).toEqual(["a"]);
  expect(ignoredParams).toEqual(["tools[0]", "tools[2]"]);
  expect(useOf({ tools: [{ type: "web_search" }] })).toBeNull();
});

test("hosted tools among those that are allowed are left out and named", () => {
  const allowed_tools = { mode: "auto", tools: [{ type: "web_search" }, named("a")] };
  const tool_choice = { type: "allowed_tools", allowed_tools };

  const { ignoredParams, requests } = parse({ tools: [tool("a"), tool("b")], tool_choice });

  expect(ignoredParams).toEqual(["tool_choice.allowed_tools.tools[0]"]);
  expect(requests[0]?.prompt).toMatchObject({ tools: { callable: ["a"], isRequired: false } });
});

test("takes Mistral's choice any as required", () => {
  const use = useOf({ tools: [tool("a")], tool_choice: "any" });

  expect(use).toMatchObject({ callable: ["a"], isRequired: true });
});
