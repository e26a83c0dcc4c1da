// Short schemas that would stall llama.cpp for seconds or forever are refused before it sees them.

import { expect, test } from "vitest";
import { WaysCounter } from "../../../src/grammar/grammar-cost.ts";
import {
  anyNumberOf,
  type GrammarNode,
  optional,
  rule,
  sequence,
} from "../../../src/grammar/nodes.ts";
import { SchemaError } from "../../../src/grammar/schema-keywords.ts";
import { schemaGrammar } from "../../support/schema-grammar.ts";

/** Each level has two ways to the next one. */
function tree(levels: number): object {
  const $defs: Record<string, object> = { [`d${levels}`]: { type: "string" } };
  for (let level = 0; level < levels; level++) {
    const next = { $ref: `#/$defs/d${level + 1}` };
    $defs[`d${level}`] = { anyOf: [next, { anyOf: [next, { type: "null" }] }] };
  }
  return { $ref: "#/$defs/d0", $defs };
}

const text = (pattern: string) => ({ type: "string", pattern });
const many = (count: number, property: (index: number) => object) => ({
  type: "object",
  properties: Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, property(i)])),
  required: Array.from({ length: count }, (_, i) => `p${i}`),
});

test.each([
  ["a tree of references", tree(40), "ways"],
  ["a long chain of references", tree(9), null],
  ["a pattern of many optional parts", text(`^${".*".repeat(50)}$`), null],
  ["optional characters", text(`^${"[a-z]?".repeat(60)}$`), null],
  ["a repeated group of optional parts", text("^(.?){99}$"), null],
  ["a large enum", { enum: Array.from({ length: 20_000 }, (_, i) => i) }, "values"],
  ["optional properties", { ...many(4_000, () => ({ type: "boolean" })), required: [] }, "members"],
  [
    "lengths that expand to many parts",
    many(300, (i) => ({ type: "string", maxLength: 60_000 + i })),
    "parts",
  ],
  ["a long pattern", text("a".repeat(3_000)), "characters"],
] as const)("%s", (_what, schema, words) => {
  const compile = () => schemaGrammar(schema);

  if (words === null) expect(compile).not.toThrow();
  else {
    expect(compile).toThrow(SchemaError);
    expect(compile).toThrow(words);
  }
});

test.each([
  ["an email", text("^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\\.[a-zA-Z]{2,}$")],
  [
    "a version",
    text("^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(-[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?$"),
  ],
  ["an enum of a thousand values", { enum: Array.from({ length: 1_000 }, (_, i) => `value ${i}`) }],
  ["a thousand optional properties", { ...many(1_000, () => ({ type: "string" })), required: [] }],
  ["strings of limited length", many(40, () => ({ type: "string", maxLength: 4_000 }))],
  ["any value", {}],
])("%s costs little", (_what, schema) => {
  expect(() => schemaGrammar(schema)).not.toThrow();
});

test("measures rules in any order and rules that refer to themselves", () => {
  const problemOf = (body: GrammarNode, list: GrammarNode = sequence()) =>
    waysProblem(new Map(Object.entries({ root: body, list })));
  const many = Array(33).fill(anyNumberOf("b"));

  expect(problemOf(rule("list"), sequence("a", optional(",", rule("list"))))).toBeNull();
  expect(problemOf(sequence(...Array(33).fill(optional("a"))))).toContain("empty");
  expect(problemOf(sequence("a", ...many, "c"))).toContain("empty");
});

test("rules in a very long chain are measured without a deep stack", () => {
  const links = Array.from({ length: 50_000 }, (_, i): [string, GrammarNode] => [
    `r${i}`,
    sequence("a", rule(`r${i + 1}`)),
  ]);

  expect(waysProblem(new Map([...links, ["r50000", sequence("b")]]))).toBe(null);
});

function waysProblem(rules: ReadonlyMap<string, GrammarNode>): string | null {
  return new WaysCounter(rules).problem(rules.keys());
}
