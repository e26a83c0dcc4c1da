// Schemas that are refused, each with the path of the keyword that cannot be enforced.

import { expect, test } from "vitest";
import { SchemaError } from "../../../src/grammar/schema-keywords.ts";
import { schemaGrammar } from "../../support/schema-grammar.ts";

const REFUSED: Record<string, { readonly schema: unknown; readonly path: string }> = {
  "a member that is no schema": {
    schema: { type: "object", properties: { a: { items: "b" } } },
    path: "properties.a.items",
  },
  "a count of matches in an array with limits": {
    schema: { type: "array", contains: { const: 1 }, maxItems: 3 },
    path: "contains",
  },
  "what nothing matches": { schema: { not: {} }, path: "not" },
  "too many kinds of names": {
    schema: {
      type: "object",
      patternProperties: Object.fromEntries([..."abcdefg"].map((name) => [name, {}])),
    },
    path: "patternProperties",
  },
  "a keyword that cannot be enforced": {
    schema: { type: "array", uniqueItems: true },
    path: "uniqueItems",
  },
  multipleOf: {
    schema: { type: "object", properties: { a: { type: "integer", multipleOf: 1009 } } },
    path: "properties.a.multipleOf",
  },
  uniqueItems: { schema: { type: "array", uniqueItems: true }, path: "uniqueItems" },
  "an unknown type": { schema: { type: "text" }, path: "type" },
  false: { schema: false, path: "" },
  "something else": { schema: "a string", path: "" },
  "an enum without a value": { schema: { enum: [] }, path: "enum" },
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
  "an empty range": { schema: { type: "integer", minimum: 5, maximum: 4 }, path: "maximum" },
  "a pattern that looks back": { schema: { type: "string", pattern: "(a)\\1" }, path: "pattern" },
  "a format with a limit that it excludes": {
    schema: { type: "string", format: "uuid", minLength: 40 },
    path: "minLength",
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
