// All schemas of a request together: what is refused, and what is removed where that is allowed.

import { expect, test } from "vitest";
import { compileDocument } from "../../../src/compile/compile-document.ts";
import type { CompiledDocument } from "../../../src/compile/schema-document.ts";
import type { AskedSchema, Json } from "../../../src/generation/request.ts";
import { CompileBudget } from "../../../src/grammar/compile-budget.ts";
import { Gbnf } from "../../support/gbnf.ts";
import { schemaGrammar } from "../../support/schema-grammar.ts";

const CITY = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const many = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));

/** Far more work than one request may cause. */
const HUGE = {
  type: "object",
  properties: Object.fromEntries(
    many(1_000, (n) => [`p${n}`, { type: "string", pattern: `[a-f0-9]{60}${n}` }]),
  ),
};

function tool(schema: Json, isStrict = false, index = 0): AskedSchema {
  return { schema, param: `tools[${index}]`, isStrict };
}

function answer(schema: Json, isStrict = true): AskedSchema {
  return { schema, param: "format", isStrict };
}

/** The grammar of one tool's arguments. */
function argumentsOf({ toolRules }: CompiledDocument, index = 0): Gbnf {
  return new Gbnf(`root ::= tool${index}-arguments\n${toolRules}`);
}

test("the answer's schema becomes a grammar, and the tools' schemas become another one", () => {
  const { grammar, toolRules, ignored } = compileDocument({
    answer: answer(CITY),
    tools: [tool(CITY), tool(null)],
  });

  expect(grammar).toBe(schemaGrammar({ ...CITY, additionalProperties: false }));
  expect(ignored).toEqual([]);
  const joined = new Gbnf(`root ::= tool0-arguments "," tool1-arguments\n${toolRules}`);
  expect(joined.matches('{"city": "Rome"},{}')).toBe(true);
  expect(joined.matches('{},{"city": "Rome"}')).toBe(false);
});

test("a strict schema that is too much work is refused, naming its field", () => {
  const compile = () => compileDocument({ answer: answer(HUGE), tools: [] });

  expect(compile).toThrow(expect.objectContaining({ code: "unsupported_schema", param: "format" }));
  expect(compile).toThrow("format: is too much work to compile");
});

test("a strict tool that is too much work is refused", () => {
  const compile = () => compileDocument({ answer: null, tools: [tool(CITY), tool(HUGE, true, 1)] });

  expect(compile).toThrow(
    expect.objectContaining({ code: "unsupported_schema", param: "tools[1]" }),
  );
});

test("of a schema that is too much work and not strict, types, names and required stay", () => {
  const schema = {
    ...HUGE,
    properties: { kind: { type: "integer" }, any: {}, ...HUGE.properties },
    required: ["kind"],
  };
  const asked = [tool(CITY), tool(schema, false, 1), tool(CITY, false, 2)];

  const compiled = compileDocument({ answer: answer(schema, false), tools: asked });

  expect(compiled.ignored).toEqual(["format", "tools[1]"]);
  for (const grammar of [argumentsOf(compiled, 1), new Gbnf(compiled.grammar ?? "")]) {
    expect(grammar.matches('{"kind":1,"any":[2],"p3":"x"}')).toBe(true);
    expect(grammar.matches('{"kind":"1"}')).toBe(false);
    expect(grammar.matches('{"any":1}')).toBe(false);
  }
  expect(argumentsOf(compiled, 2).matches('{"city":"Rome"}')).toBe(true);
  expect(argumentsOf(compiled, 2).matches("{}")).toBe(false);
});

test("of the answer's schema, what a grammar cannot do is left out, but mistakes are refused", () => {
  const schema = { type: "array", items: { type: "string" }, uniqueItems: true };

  const { grammar, ignored } = compileDocument({ answer: answer(schema, false), tools: [] });

  expect(ignored).toEqual(["format.uniqueItems"]);
  expect(new Gbnf(grammar ?? "").matches('["a","a"]')).toBe(true);
  expect(new Gbnf(grammar ?? "").matches("[1]")).toBe(false);
  for (const [wrong, param] of [
    [{ type: "text" }, "format.type"],
    [{ $ref: "#/$defs/a" }, "format.$ref"],
    [{ not: {} }, "format.not"],
  ] as const)
    expect(() => compileDocument({ answer: answer(wrong, false), tools: [] })).toThrow(
      expect.objectContaining({ code: "unsupported_schema", param }),
    );
});

test.each([[false], [true]])(
  "objects have members that their schema does not mention only if it says so, or if objects are open: %s",
  (isOpen) => {
    const open = { ...CITY, additionalProperties: true };
    const compiled = compileDocument({
      answer: answer(CITY),
      tools: [tool(CITY), tool(open, false, 1)],
      isOpen,
    });

    const text = '{"city":"Rome","people":3}';
    expect(argumentsOf(compiled, 0).matches(text)).toBe(isOpen);
    expect(argumentsOf(compiled, 1).matches(text)).toBe(true);
    expect(new Gbnf(compiled.grammar ?? "").matches(text)).toBe(isOpen);
  },
);

test("all schemas of a request share one budget", () => {
  const schema = { type: "object", properties: { a: {} }, required: many(3_500, () => "a") };
  const isSpentBy = (count: number) => {
    const budget = new CompileBudget();
    compileDocument({ answer: null, tools: many(count, (n) => tool(schema, false, n)) }, budget);
    return budget.isSpent;
  };

  expect([isSpentBy(1), isSpentBy(100)]).toEqual([false, true]);
});

test("of any number of tools, only the limits that cannot be enforced are left out", () => {
  const limits = {
    code: { type: "string", pattern: "^(a)\\1" },
    "user.tags": { type: "array", items: { type: "string" }, uniqueItems: true },
    size: { type: "integer", multipleOf: 1009 },
  };
  const schema = {
    type: "object",
    properties: { count: { type: "integer" }, ...limits },
    required: ["count", "code", "size"],
  };

  const compiled = compileDocument({
    answer: null,
    tools: many(128, (index) => tool(schema, false, index)),
  });

  expect(compiled.ignored).toHaveLength(3 * 128);
  expect(compiled.ignored.slice(-3).toSorted()).toEqual([
    "tools[127].properties.code.pattern",
    "tools[127].properties.size.multipleOf",
    "tools[127].properties.user.tags.uniqueItems",
  ]);
  for (const index of [0, 127]) {
    const grammar = argumentsOf(compiled, index);
    expect(grammar.matches('{"count":1,"code":"b","user.tags":["a","a"],"size":3}')).toBe(true);
    expect(grammar.matches('{"count":"1","code":"b","size":3}')).toBe(false);
    expect(grammar.matches("{}")).toBe(false);
  }
});

test("the arguments of a tool hold to what stands beside a combinator", () => {
  const schema = {
    properties: { name: { type: "string" }, hours: { type: "integer" }, days: { type: "integer" } },
    anyOf: [{ required: ["hours"] }, { required: ["days"] }],
  };

  const compiled = compileDocument({ answer: null, tools: [tool(schema, true)] });

  expect(compiled.ignored).toEqual([]);
  const grammar = argumentsOf(compiled);
  expect(grammar.matches('{"name":"a","hours":1}')).toBe(true);
  expect(grammar.matches('{"name":"a"}')).toBe(false);
  expect(grammar.matches("5")).toBe(false);
});

test("a schema reached through many branches is followed once", () => {
  const levels = many(9, (level) => [
    `l${level}`,
    { anyOf: many(40, () => ({ $ref: `#/$defs/l${level + 1}` })) },
  ]);
  const $defs = Object.fromEntries([...levels, ["l9", { type: "object" }]]);

  const compiled = compileDocument({
    answer: null,
    tools: [tool({ $ref: "#/$defs/l0", $defs }, true)],
  });

  expect(argumentsOf(compiled).matches("{}")).toBe(true);
});

test("a tool whose grammar is too large beside the others keeps types, names and required", () => {
  const schemas = ["a", "b", "c", "d"].map((key, n) => ({
    type: "object",
    properties: Object.fromEntries(
      many(15, (index) => [`${key}${index}`, { type: "string", maxLength: 50_000 + 100 * n + index }]), // biome-ignore format: one line
    ),
  }));

  const compiled = compileDocument({
    answer: null,
    tools: schemas.map((schema, index) => tool(schema, false, index)),
  });

  expect(compiled.ignored.length).toBeGreaterThan(0);
  const last = argumentsOf(compiled, 3);
  expect(last.matches('{"d1":"x"}')).toBe(true);
  expect(last.matches('{"d1":1}')).toBe(false);
});

test("an answer and tools that are too large together are refused", () => {
  const texts = many(30, (n) => [`p${n}`, { type: "string", maxLength: 60_000 + n }]);
  const schema = { type: "object", properties: Object.fromEntries(texts) };

  expect(() => compileDocument({ answer: answer(schema), tools: [tool(schema)] })).toThrow(
    expect.objectContaining({
      code: "unsupported_schema",
      param: "tools",
      message: expect.stringContaining("together they make a grammar that has more than 80000"),
    }),
  );
});

test("arguments are written in the model's syntax, the answer as JSON", () => {
  const compiled = compileDocument({
    answer: answer(CITY),
    tools: [tool(CITY)],
    syntax: { quote: "<q>", areNamesQuoted: false, hasEscapes: false },
  });

  expect(argumentsOf(compiled).matches("{city:<q>Rome<q>}")).toBe(true);
  expect(new Gbnf(compiled.grammar ?? "").matches('{"city":"Rome"}')).toBe(true);
});
