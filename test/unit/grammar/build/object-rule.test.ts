// Objects: declared members in order, then others, and the names that these may have.

import { describeSchemas, type SchemaCase } from "../../../support/schema-cases.ts";

const PERSON = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" }, email: { type: "string" } },
  required: ["name", "age"],
  additionalProperties: false,
};

const CASES: Record<string, SchemaCase> = {
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
    rejects: [{ b: 2, a: 1 }, { b: 1 }, { d: 1, a: 1 }],
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
};

describeSchemas(CASES);
