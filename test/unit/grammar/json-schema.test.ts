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
  "required and optional members, in order": {
    schema: PERSON,
    accepts: [
      { name: "a", age: 1 },
      { name: "a", age: 1, email: "b" },
    ],
    rejects: [{ name: "a" }, { age: 1, name: "a" }, { name: "a", age: 1, more: 1 }, {}],
  },
  "only optional members": {
    schema: { type: "object", properties: { a: { const: 1 }, b: { const: 2 }, c: { const: 3 } } },
    accepts: [{}, { a: 1 }, { b: 2 }, { a: 1, c: 3 }, { a: 1, b: 2, c: 3 }],
    rejects: [{ b: 2, a: 1 }, { d: 1 }],
  },
  "a required name without a property": {
    schema: { type: "object", required: ["a"], additionalProperties: { type: "integer" } },
    accepts: [{ a: 1 }],
    rejects: [{}, { a: "b" }],
  },
  "a map": {
    schema: { type: "object", additionalProperties: { type: "integer" } },
    accepts: [{}, { x: 1, y: 2 }],
    rejects: [{ x: "1" }],
  },
  "no members at all": {
    schema: { type: "object", additionalProperties: false },
    accepts: [{}],
    rejects: [{ a: 1 }],
  },
  "names that JSON escapes": {
    schema: { type: "object", properties: { 'a"b': { const: 1 } }, required: ['a"b'] },
    accepts: [{ 'a"b': 1 }],
    rejects: [{ ab: 1 }],
  },
  "an array of any length": {
    schema: { type: "array", items: { type: "integer" } },
    accepts: [[], [1], [1, 2, 3]],
    rejects: [["a"], 1],
  },
  "an array with limits": {
    schema: { type: "array", items: { type: "integer" }, minItems: 2, maxItems: 3 },
    accepts: [
      [1, 2],
      [1, 2, 3],
    ],
    rejects: [[], [1], [1, 2, 3, 4]],
  },
  "an array of at least one": {
    schema: { type: "array", items: { const: 1 }, minItems: 1 },
    accepts: [[1], [1, 1, 1]],
    rejects: [[]],
  },
  "an array of one at most": {
    schema: { type: "array", items: { const: 1 }, maxItems: 1 },
    accepts: [[], [1]],
    rejects: [[1, 1]],
  },
  "a long array": {
    schema: { type: "array", items: { const: 1 }, minItems: 130, maxItems: 200 },
    accepts: [Array(130).fill(1), Array(191).fill(1), Array(192).fill(1), Array(200).fill(1)],
    rejects: [Array(129).fill(1), Array(201).fill(1)],
  },
  "a tuple": {
    schema: {
      type: "array",
      prefixItems: [{ const: "a" }, { const: "b" }],
      items: false,
      minItems: 2,
    },
    accepts: [["a", "b"]],
    rejects: [["a"], ["b", "a"], ["a", "b", "c"], []],
  },
  "a tuple with optional and additional items": {
    schema: {
      type: "array",
      prefixItems: [{ const: "a" }, { const: "b" }],
      items: { const: 1 },
      minItems: 1,
      maxItems: 4,
    },
    accepts: [["a"], ["a", "b"], ["a", "b", 1], ["a", "b", 1, 1]],
    rejects: [[], ["a", 1], ["a", "b", 1, 1, 1]],
  },
  "string lengths": {
    schema: { type: "string", minLength: 2, maxLength: 70 },
    accepts: ["ab", "\u00e4\u00f6", "x".repeat(64), "x".repeat(70)],
    rejects: ["a", "x".repeat(71)],
  },
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
  "members that never are": {
    schema: {
      type: "object",
      properties: { a: { type: "string" }, b: { not: {} }, c: false, d: { $ref: "#/$defs/no" } },
      required: ["a"],
      $defs: { no: { not: true } },
    },
    accepts: [{ a: "b" }],
    rejects: [
      { a: "b", b: 1 },
      { a: "b", c: 1 },
      { a: "b", d: 1 },
    ],
  },
  "a branch that never is": {
    schema: { anyOf: [{ type: "string" }, { not: {} }] },
    accepts: ["a"],
    rejects: [1],
  },
  "arrays without items": {
    schema: { type: "array", items: { not: {} } },
    accepts: [[]],
    rejects: [[1]],
  },
  "a map with listed names": {
    schema: { propertyNames: { enum: ["x", "y"] }, additionalProperties: { type: "integer" } },
    accepts: [{}, { x: 1 }, { x: 1, y: 2 }],
    rejects: [{ z: 1 }, { x: "1" }],
  },
  "a map with names of a pattern": {
    schema: { propertyNames: { pattern: "^[a-z]{2}$" }, additionalProperties: { type: "integer" } },
    accepts: [{}, { en: 1, de: 2 }],
    rejects: [{ eng: 1 }],
  },
  "a map with any names": {
    schema: { type: "object", propertyNames: { type: "string" }, additionalProperties: false },
    accepts: [{}],
    rejects: [{ a: 1 }],
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
  "a format with limits that it implies": {
    schema: { type: "string", format: "uri", minLength: 1, maxLength: 2083 },
    accepts: ["https://example.org"],
    rejects: ["", "example"],
  },
  "limits that are too high to count": {
    schema: { type: "array", items: { type: "string", maxLength: 2147483647 }, maxItems: 1e9 },
    accepts: [[], ["a"]],
    rejects: [[1]],
  },
  "a pattern": {
    schema: { type: "string", pattern: "^[A-Z]{2}-\\d+$" },
    accepts: ["AB-1", "XY-123"],
    rejects: ["ab-1", "AB-", "AB-1x"],
  },
  "a pattern without anchors": {
    schema: { type: "string", pattern: "b+c" },
    accepts: ["bc", "abbcd"],
    rejects: ["b", "ac"],
  },
  "a pattern with groups": {
    schema: { type: "string", pattern: "^(?:red|(green|blue)s?)$" },
    accepts: ["red", "green", "blues"],
    rejects: ["reds", ""],
  },
  "a pattern with characters that JSON escapes": {
    schema: { type: "string", pattern: '^"[^"]*\\\\\\t.$' },
    accepts: ['"ab\\\tx'],
    rejects: ['"ab\tx'],
  },
  "date-time": {
    schema: { type: "string", format: "date-time" },
    accepts: ["2026-11-21T13:35:00Z", "2026-01-02T03:04:05.678+01:00"],
    rejects: ["2026-11-21", "2026-13-21T13:35:00Z"],
  },
  uuid: {
    schema: { type: "string", format: "uuid" },
    accepts: ["123e4567-e89b-12d3-a456-426614174000"],
    rejects: ["123e4567"],
  },
  email: {
    schema: { type: "string", format: "email" },
    accepts: ["a.b@example.org"],
    rejects: ["a.b", "@example.org"],
  },
  ipv4: {
    schema: { type: "string", format: "ipv4" },
    accepts: ["127.0.0.1", "255.10.9.0"],
    rejects: ["256.0.0.1", "1.2.3"],
  },
  uri: {
    schema: { type: "string", format: "uri" },
    accepts: ["https://example.org/a/b?c=d"],
    rejects: ["example.org"],
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

const REFUSED: Record<string, { readonly schema: unknown; readonly path: string }> = {
  "a keyword that cannot be enforced": {
    schema: { type: "array", uniqueItems: true },
    path: "uniqueItems",
  },
  multipleOf: {
    schema: { type: "object", properties: { a: { type: "integer", multipleOf: 7 } } },
    path: "properties.a.multipleOf",
  },
  uniqueItems: { schema: { type: "array", uniqueItems: true }, path: "uniqueItems" },
  contains: { schema: { type: "array", contains: {} }, path: "contains" },
  not: { schema: { not: {} }, path: "not" },
  if: { schema: { if: {}, else: {} }, path: "if" },
  patternProperties: {
    schema: { type: "object", patternProperties: { "^a": {} } },
    path: "patternProperties",
  },
  minProperties: { schema: { type: "object", minProperties: 1 }, path: "minProperties" },
  "an unknown type": { schema: { type: "text" }, path: "type" },
  false: { schema: false, path: "" },
  "something else": { schema: "a string", path: "" },
  "an enum without a value": { schema: { enum: [] }, path: "enum" },
  "names by a pattern beside properties": {
    schema: { properties: { a: {} }, propertyNames: { pattern: "^a" } },
    path: "propertyNames",
  },
  "values that a pattern limits": { schema: { enum: ["a"], pattern: "^a" }, path: "pattern" },
  "branches that may overlap": {
    schema: { oneOf: [{ type: "string" }, { type: "string" }] },
    path: "oneOf",
  },
  "a reference outside the schema": {
    schema: { $ref: "https://example.org/schema" },
    path: "$ref",
  },
  "a reference to nothing": { schema: { $ref: "#/$defs/none" }, path: "$ref" },
  "a reference that is not a pointer": { schema: { $ref: "#/%zz" }, path: "$ref" },
  "an enum that is no list": { schema: { enum: "a" }, path: "enum" },
  "a reference to itself": {
    schema: { $defs: { a: { $ref: "#/$defs/a" } }, $ref: "#/$defs/a" },
    path: "#/$defs/a.$ref",
  },
  "a schema that is itself": { schema: { $ref: "#" }, path: "$ref" },
  "a choice that starts with itself": {
    schema: { anyOf: [{ $ref: "#" }, { type: "null" }] },
    path: "anyOf.0.$ref",
  },
  "a required name that is forbidden": {
    schema: { type: "object", required: ["a"], additionalProperties: false },
    path: "required",
  },
  "reversed limits": {
    schema: { type: "array", minItems: 3, maxItems: 2 },
    path: "maxItems",
  },
  "a tuple that is too short": {
    schema: { type: "array", prefixItems: [{}], items: false, minItems: 2 },
    path: "minItems",
  },
  "an empty range": { schema: { type: "integer", minimum: 5, maximum: 4 }, path: "minimum" },
  "a pattern with a lookahead": { schema: { type: "string", pattern: "^(?=a)" }, path: "pattern" },
  "a pattern with nested repetitions": {
    schema: { type: "string", pattern: "^((a{0,64}){0,64}){0,64}$" },
    path: "pattern",
  },
  "a pattern that looks back": { schema: { type: "string", pattern: "(a)\\1" }, path: "pattern" },
  "a pattern with a limit": {
    schema: { type: "string", pattern: "a", maxLength: 3 },
    path: "pattern",
  },
  "a format with a limit": {
    schema: { type: "string", format: "uuid", minLength: 40 },
    path: "format",
  },
};

test.each(Object.entries(REFUSED))(
  "refuses %s and reports where it is",
  (_name, { schema, path }) => {
    let refusal: unknown = null;
    try {
      schemaGrammar(schema);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(SchemaError);
    expect((refusal as SchemaError).path).toBe(path);
  },
);

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
