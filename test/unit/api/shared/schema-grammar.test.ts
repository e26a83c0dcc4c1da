// Structured output: the grammars that requests get, and the requests that are refused.

import { expect, test } from "vitest";
import { openaiChat } from "../../../../src/api/openai/chat.ts";
import { openaiCompletions } from "../../../../src/api/openai/completions.ts";
import { ServiceError } from "../../../../src/errors.ts";
import { jsonObjectGrammar } from "../../../../src/grammar/json-schema.ts";
import { compiled } from "../../../support/engines/compile-schemas.ts";
import { schemaGrammar } from "../../../support/schema-grammar.ts";

const CONTEXT = { defaultMaxTokens: null, allowsGrammar: true, randomSeed: () => 1 };
const SCHEMA = {
  type: "object",
  properties: { a: { type: "integer" } },
  required: ["a"],
  additionalProperties: false,
};

function chatGrammar(fields: object): string | null {
  const messages = [{ role: "user", content: "Hi" }];
  return compiled(openaiChat.parse({ messages, ...fields }, CONTEXT)).requests[0]?.grammar ?? null;
}

function completionGrammar(fields: object): string | null {
  const parsed = openaiCompletions.parse({ prompt: "Hi", ...fields }, CONTEXT);
  return compiled(parsed).requests[0]?.grammar ?? null;
}

function withSchema(schema: unknown, more: object = {}): object {
  return { response_format: { type: "json_schema", json_schema: { name: "x", schema, ...more } } };
}

test.each([
  ["nothing", {}],
  ["text", { response_format: { type: "text" } }],
  ["null", { response_format: null, grammar: null, json_schema: null }],
  ["an empty grammar", { grammar: "" }],
])("leaves the answer unconstrained with %s", (_name, fields) => {
  expect(chatGrammar(fields)).toBeNull();
  expect(completionGrammar(fields)).toBeNull();
});

test.each([
  ["JSON mode", { response_format: { type: "json_object" } }, jsonObjectGrammar()],
  ["a schema", withSchema(SCHEMA, { strict: true }), schemaGrammar(SCHEMA)],
  ["a schema that is not strict", withSchema(SCHEMA), schemaGrammar(SCHEMA)],
  [
    "JSON mode with a schema, as llama.cpp has it",
    { response_format: { type: "json_object", schema: SCHEMA } },
    schemaGrammar(SCHEMA),
  ],
  ["json_schema", { json_schema: SCHEMA }, schemaGrammar(SCHEMA)],
  [
    "response_format with the schema beside its type",
    { response_format: { type: "json_schema", name: "x", strict: true, schema: SCHEMA } },
    schemaGrammar(SCHEMA),
  ],
  ["grammar", { grammar: 'root ::= "yes" | "no"' }, 'root ::= "yes" | "no"'],
])("makes a grammar of %s", (_name, fields, grammar) => {
  expect(chatGrammar(fields)).toBe(grammar);
  expect(completionGrammar(fields)).toBe(grammar);
});

test("knows every field of a response format, and lists unknown ones", () => {
  const messages = [{ role: "user", content: "Hi" }];
  const body = { messages, ...withSchema({ ...SCHEMA, title: "T" }, { stict: true }) };

  expect(openaiChat.parse(body, CONTEXT).ignoredParams).toEqual([
    "response_format.json_schema.stict",
  ]);
});

const LOOSE = { type: "object", properties: { a: { type: "array", uniqueItems: true } } };

test("names the keywords of a schema that is not strict and cannot be enforced", () => {
  const messages = [{ role: "user", content: "Hi" }];

  for (const strict of [undefined, false, null]) {
    const parsed = compiled(
      openaiChat.parse({ messages, ...withSchema(LOOSE, { strict }) }, CONTEXT),
    );

    expect(parsed.ignoredParams).toEqual([
      "response_format.json_schema.schema.properties.a.uniqueItems",
    ]);
    expect(parsed.requests[0]?.grammar).toContain("root ::=");
  }
});

const REFUSED: readonly [name: string, fields: object, param: string][] = [
  ["an unknown type", { response_format: { type: "xml" } }, "response_format.type"],
  ["no type", { response_format: {} }, "response_format.type"],
  ["a format that is a string", { response_format: "json" }, "response_format"],
  [
    "no schema",
    { response_format: { type: "json_schema", json_schema: { name: "x" } } },
    "response_format.json_schema.schema",
  ],
  ["no schema", { response_format: { type: "json_schema" } }, "response_format.schema"],
  [
    "two different schemas",
    {
      response_format: {
        type: "json_schema",
        schema: { type: "string" },
        json_schema: { name: "x", schema: { type: "object" } },
      },
    },
    "response_format.schema",
  ],
  ["a schema that is a list", withSchema([]), "response_format.json_schema.schema"],
  [
    "a keyword of a strict schema that cannot be enforced",
    withSchema(LOOSE, { strict: true }),
    "response_format.json_schema.schema.properties.a.uniqueItems",
  ],
  ["a schema that allows nothing", withSchema(false), "response_format.json_schema.schema"],
  ["json_schema with a bad type", { json_schema: { type: "text" } }, "json_schema.type"],
  ["a grammar that is no string", { grammar: 1 }, "grammar"],
  ["a grammar that is far too long", { grammar: "a".repeat(70_000) }, "grammar"],
  [
    "a grammar that nests too deep",
    { grammar: `root ::= ${"(".repeat(60)}"a"${")".repeat(60)}` },
    "grammar",
  ],
  ["a grammar that repeats too often", { grammar: 'root ::= "a"{1,5000}' }, "grammar"],
  ["a grammar that repeats too much", { grammar: `root ::= "${"a".repeat(100)}"{900}` }, "grammar"],
  ["a grammar of too many rules", { grammar: "r ::= x\n".repeat(1001) }, "grammar"],
  ["a grammar beside a schema", { ...withSchema(SCHEMA), grammar: 'root ::= "a"' }, "grammar"],
  ["an answer that may not end", { ...withSchema(SCHEMA), ignore_eos: true }, "ignore_eos"],
  ["an answer that may not end yet", { grammar: 'root ::= "a"', min_tokens: 5 }, "min_tokens"],
];

test.each(REFUSED)("refuses %s, and names the field", (_name, fields, param) => {
  let refusal: unknown = null;
  try {
    chatGrammar(fields);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(ServiceError);
  expect((refusal as ServiceError).param).toBe(param);
  expect((refusal as ServiceError).traits.status).toBe(400);
});

test("does not count elements in quotes, in a character class or in a comment", () => {
  const grammar = `root ::= "${"(".repeat(100)}" [({"] [^\\]"] # ${"(".repeat(100)}`;

  expect(chatGrammar({ grammar })).toBe(grammar);
});

test("refuses a client's grammar unless the operator allows it", () => {
  const parse = () =>
    openaiCompletions.parse(
      { prompt: "Hi", grammar: 'root ::= "a"' },
      { ...CONTEXT, allowsGrammar: false },
    );

  expect(parse).toThrow(
    expect.objectContaining({ code: "unsupported_parameter", param: "grammar" }),
  );
  expect(parse).toThrow(/--allow-grammar/);
});
