// Which JSON the grammar of a schema accepts, according to the GBNF matcher in test/support.

import { describe, expect, test } from "vitest";
import { jsonObjectGrammar } from "../../../src/grammar/json-schema.ts";
import { SchemaError } from "../../../src/grammar/schema-keywords.ts";
import { Gbnf } from "../../support/gbnf.ts";
import { describeSchemas, type SchemaCase } from "../../support/schema-cases.ts";
import { schemaGrammar } from "../../support/schema-grammar.ts";

const PERSON = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" }, email: { type: "string" } },
  required: ["name", "age"],
  additionalProperties: false,
};
const TREE = {
  type: "object",
  properties: { value: { type: "number" }, children: { type: "array", items: { $ref: "#" } } },
  required: ["value", "children"],
};

const CASES: Record<string, SchemaCase> = {
  "true: any value": {
    schema: true,
    accepts: [null, 1, "a", [1, [2]], { a: { b: [] } }],
    rejects: [],
  },
  "an empty schema: any value": { schema: {}, accepts: [null, { a: 1 }], rejects: [] },
  string: {
    schema: { type: "string" },
    accepts: ["", 'a"b\\c\n\u00e4\ud83d\ude00'],
    rejects: [1, null, ["a"]],
  },
  boolean: { schema: { type: "boolean" }, accepts: [true, false], rejects: ["true", 1] },
  null: { schema: { type: "null" }, accepts: [null], rejects: ["null", 0] },
  number: { schema: { type: "number" }, accepts: [0, -1.5, 123.25, 1e21], rejects: ["1", null] },
  integer: { schema: { type: "integer" }, accepts: [0, -12, 40], rejects: [1.5, "1"] },
  "several types": { schema: { type: ["string", "null"] }, accepts: ["a", null], rejects: [1] },
  "nullable, as in OpenAPI": {
    schema: { type: "string", nullable: true },
    accepts: ["a", null],
    rejects: [1],
  },
  "a type implied by its keywords": {
    schema: { properties: { a: { const: 1 } } },
    accepts: [{ a: 1 }, {}],
    rejects: [{ a: 2 }],
  },
  enum: {
    schema: { enum: ["a", 1, null, { b: [2] }] },
    accepts: ["a", 1, null, { b: [2] }],
    rejects: ["b", 2],
  },
  "enum of one type": { schema: { type: "string", enum: ["a", 1] }, accepts: ["a"], rejects: [1] },
  const: { schema: { const: 'it\'s "so"' }, accepts: ['it\'s "so"'], rejects: ["it"] },
  anyOf: {
    schema: { anyOf: [{ type: "integer" }, { type: "null" }] },
    accepts: [1, null],
    rejects: ["a"],
  },
  "oneOf with a discriminator": {
    schema: {
      oneOf: [
        {
          type: "object",
          properties: { kind: { const: "a" }, n: { type: "integer" } },
          required: ["kind", "n"],
        },
        { type: "object", properties: { kind: { const: "b" } }, required: ["kind"] },
      ],
    },
    accepts: [{ kind: "a", n: 1 }, { kind: "b" }],
    rejects: [{ kind: "a" }, { kind: "c" }],
  },
  "allOf of one": { schema: { allOf: [{ type: "integer" }] }, accepts: [1], rejects: ["a"] },
  "$ref to a definition": {
    schema: {
      type: "array",
      items: { $ref: "#/$defs/word" },
      $defs: { word: { enum: ["a", "b"] } },
    },
    accepts: [[], ["a", "b"]],
    rejects: [["c"]],
  },
  "recursion through the root": {
    schema: TREE,
    accepts: [
      { value: 1, children: [] },
      { value: 1, children: [{ value: 2, children: [] }] },
    ],
    rejects: [{ value: 1, children: [1] }],
  },
  "recursion through a definition": {
    schema: {
      $ref: "#/$defs/list",
      $defs: {
        list: {
          anyOf: [
            { type: "null" },
            { type: "object", properties: { next: { $ref: "#/$defs/list" } }, required: ["next"] },
          ],
        },
      },
    },
    accepts: [null, { next: null }, { next: { next: null } }],
    rejects: [{ next: 1 }],
  },
  "integers between": {
    schema: { type: "integer", minimum: -12, maximum: 107 },
    accepts: [-12, -9, 0, 9, 10, 99, 100, 107],
    rejects: [-13, 108, 200, 1000],
  },
  "values beside other keywords": {
    schema: { type: "integer", enum: [1, 2, 3, "a"], minimum: 2 },
    accepts: [2, 3],
    rejects: [1, "a"],
  },
  "objects among values beside other keywords": {
    schema: {
      enum: [{ a: 1 }, { a: "b" }, { c: 1 }],
      properties: { a: { type: "integer" } },
      required: ["a"],
    },
    accepts: [{ a: 1 }],
    rejects: [{ a: "b" }, { c: 1 }],
  },
  "a branch that never is": {
    schema: { anyOf: [{ type: "string" }, { not: {} }] },
    accepts: ["a"],
    rejects: [1],
  },
  annotations: {
    schema: {
      type: "string",
      format: "password",
      writeOnly: true,
      readOnly: false,
      deprecated: true,
      $comment: "a",
      examples: ["b"],
      "x-order": 1,
      markdownDescription: "an unknown keyword",
      id: "a",
    },
    accepts: ["a", ""],
    rejects: [1],
  },
  "an unknown format of any type": { schema: { format: "int64" }, accepts: [1, "a"], rejects: [] },
  "keywords that allow everything": {
    schema: {
      type: "object",
      properties: { a: { type: "array", uniqueItems: false, minContains: 2 } },
      required: ["a"],
      minProperties: 1,
      patternProperties: {},
      dependentRequired: {},
      not: false,
      else: { required: ["b"] },
    },
    accepts: [{ a: [1, 1] }],
    rejects: [{}],
  },
  "limits that are too high to count": {
    schema: { type: "array", items: { type: "string", maxLength: 2147483647 }, maxItems: 1e9 },
    accepts: [[], ["a"]],
    rejects: [[1]],
  },
};

describeSchemas(CASES);

describe("white space is limited, because it costs tokens and a weak model repeats it", () => {
  const FORMS = {
    object: { schema: PERSON, text: '{"name":"a","age":1}' },
    map: {
      schema: { type: "object", additionalProperties: true },
      text: '{"a":[1,{"b":2}],"c":{}}',
    },
    "map of one type": {
      schema: { type: "object", additionalProperties: { type: "integer" } },
      text: '{"a":1,"b":2}',
    },
    "empty object": { schema: { type: "object", additionalProperties: false }, text: "{}" },
    array: { schema: { type: "array", minItems: 2, items: { type: "integer" } }, text: "[1,2]" },
    tuple: {
      schema: { type: "array", prefixItems: [{ const: 1 }, { const: "a" }] },
      text: '[1,"a",true]',
    },
    "any array": { schema: { type: "array" }, text: "[[],[1,2]]" },
  };

  test.each(Object.entries(FORMS))(
    "one space after a colon or comma, in a form of %s",
    (_, form) => {
      const grammar = new Gbnf(schemaGrammar(form.schema));
      const changed = (at: RegExp, space: string) => form.text.replace(at, `$&${space}`);
      const elsewhere = [/[{[]/g, /[^{[](?=[}\]])/g, /"(?=:)/g].map((at) => changed(at, " "));

      for (const at of [/:/g, /,/g, /[:,]/g, /,|:/]) {
        expect(grammar.matches(changed(at, " "))).toBe(true);
        for (const space of ["  ", "\n", "\t", "\n  "]) elsewhere.push(changed(at, space));
      }
      elsewhere.push(
        `${form.text} `,
        ` ${form.text}`,
        JSON.stringify(JSON.parse(form.text), null, 2),
      );
      for (const text of elsewhere)
        if (text !== form.text) expect(grammar.matches(text)).toBe(false);
    },
  );
});

test("the grammar of JSON mode accepts only objects", () => {
  const grammar = new Gbnf(jsonObjectGrammar());

  expect(grammar.matches('{"a": [1, {"b": null}]}')).toBe(true);
  expect(grammar.matches("[1]")).toBe(false);
  expect(grammar.matches('"a"')).toBe(false);
});

test("refuses a schema that is far too deep or far too large", () => {
  let deep: object = { type: "null" };
  for (let i = 0; i < 200; i++) deep = { type: "array", items: deep };
  const wide = { anyOf: Array.from({ length: 6000 }, (_, i) => ({ const: i })) };

  expect(() => schemaGrammar(deep)).toThrow(SchemaError);
  expect(() => schemaGrammar(wide)).toThrow(SchemaError);
});

test("is not confused by names that every object inherits", () => {
  expect(() => schemaGrammar({ $ref: "#/constructor" })).toThrow(SchemaError);
  const grammar = new Gbnf(schemaGrammar({ type: "object", required: ["toString"] }));
  expect(grammar.matches('{"toString": 1}')).toBe(true);
});
