// All schemas of a request together: what is refused, and what is removed where that is allowed.

import { expect, test } from "vitest";
import { compileDocument } from "../../../src/compile/compile-document.ts";
import type { AskedArguments, Json } from "../../../src/generation/request.ts";
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

function tool(schema: Json, isStrict = false, index = 0): AskedArguments {
  return { schema, param: `tools[${index}]`, isStrict };
}

test("the answer's schema becomes a grammar, and each tool's schema a part of a grammar", () => {
  const { grammar, tools, ignored } = compileDocument({
    answer: { schema: CITY, param: "format" },
    tools: [tool(CITY), tool(null)],
  });

  expect(grammar).toBe(schemaGrammar(CITY));
  expect(ignored).toEqual([]);
  expect(tools.map(({ name }) => name)).toEqual(["tool0-arguments", "tool1-arguments"]);
  const joined = new Gbnf(
    ['root ::= tool0-arguments "," tool1-arguments', ...tools.map(({ text }) => text)].join("\n"),
  );
  expect(joined.matches('{"city": "Rome"},{}')).toBe(true);
  expect(joined.matches('{},{"city": "Rome"}')).toBe(false);
});

test("a response schema that is too much work is refused, naming its field", () => {
  const compile = () => compileDocument({ answer: { schema: HUGE, param: "format" }, tools: [] });

  expect(compile).toThrow(expect.objectContaining({ code: "unsupported_schema", param: "format" }));
  expect(compile).toThrow("format: is too much work to compile");
});

test("a strict tool that is too much work is refused", () => {
  const compile = () => compileDocument({ answer: null, tools: [tool(CITY), tool(HUGE, true, 1)] });

  expect(compile).toThrow(
    expect.objectContaining({ code: "unsupported_schema", param: "tools[1]" }),
  );
});

test("from the first non-strict tool that exceeds the budget, only the object is enforced", () => {
  const { tools, ignored } = compileDocument({
    answer: null,
    tools: [tool(CITY), tool(HUGE, false, 1), tool(CITY, false, 2)],
  });

  expect(ignored).toEqual(["tools[1]", "tools[2]"]);
  const accepted = tools.map(({ name, text }) =>
    new Gbnf(`root ::= ${name}\n${text}`).matches('{"any": [1]}'),
  );
  expect(accepted).toEqual([false, true, true]);
});

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
    link: { type: "string", format: "ipv4", maxLength: 4 },
    code: { type: "string", pattern: "^(?!a)" },
    size: { type: "integer", multipleOf: 7 },
  };
  const schema = {
    type: "object",
    properties: { count: { type: "integer" }, ...limits },
    required: ["count", "link", "code", "size"],
  };

  const { tools, ignored } = compileDocument({
    answer: null,
    tools: many(128, (index) => tool(schema, false, index)),
  });

  expect(ignored).toHaveLength(3 * 128);
  expect(ignored.slice(-3)).toEqual([
    "tools[127].properties.link.format",
    "tools[127].properties.code.pattern",
    "tools[127].properties.size.multipleOf",
  ]);
  for (const { name, text } of tools) {
    const grammar = new Gbnf(`root ::= ${name}\n${text}`);
    expect(grammar.matches('{"count":1,"link":"a","code":"b","size":3}')).toBe(true);
    expect(grammar.matches('{"count":"1","link":"a","code":"b","size":3}')).toBe(false);
    expect(grammar.matches("{}")).toBe(false);
  }
});

test("the arguments of a tool hold to what stands beside a combinator", () => {
  const schema = {
    properties: { name: { type: "string" }, hours: { type: "integer" }, days: { type: "integer" } },
    anyOf: [{ required: ["hours"] }, { required: ["days"] }],
  };

  const { tools, ignored } = compileDocument({ answer: null, tools: [tool(schema, true)] });

  expect(ignored).toEqual([]);
  const [{ name, text } = { name: "", text: "" }] = tools;
  const grammar = new Gbnf(`root ::= ${name}\n${text}`);
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

  const { tools } = compileDocument({
    answer: null,
    tools: [tool({ $ref: "#/$defs/l0", $defs })],
  });

  expect(tools).toHaveLength(1);
});

test("schemas that are too large together are refused", () => {
  const texts = many(15, (n) => [`p${n}`, { type: "string", maxLength: 60_000 + n }]);
  const schema = { type: "object", properties: Object.fromEntries(texts) };
  const compile = (tools: number, answer: boolean) => () =>
    compileDocument({
      answer: answer ? { schema, param: "format" } : null,
      tools: many(tools, (n) => tool(schema, false, n)),
    });

  expect(compile(1, true)).not.toThrow();
  expect(compile(2, false)).not.toThrow();
  for (const tooLarge of [compile(2, true), compile(3, false)])
    expect(tooLarge).toThrow(
      expect.objectContaining({
        code: "unsupported_schema",
        param: "tools",
        message: expect.stringContaining("together they make a grammar that has more than 80000"),
      }),
    );
});

test("arguments are written in the model's syntax, the answer as JSON", () => {
  const { grammar, tools } = compileDocument({
    answer: { schema: CITY, param: "format" },
    tools: [tool(CITY)],
    syntax: { quote: "<q>", areNamesQuoted: false, hasEscapes: false },
  });

  const { name, text } = tools[0] ?? { name: "", text: "" };
  expect(new Gbnf(`root ::= ${name}\n${text}`).matches("{city:<q>Rome<q>}")).toBe(true);
  expect(new Gbnf(grammar ?? "").matches('{"city":"Rome"}')).toBe(true);
});
