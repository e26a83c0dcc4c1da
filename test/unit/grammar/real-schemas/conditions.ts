// Schemas with conditions: forms, dependent members, excluded values, counts.

// biome-ignore-all lint/suspicious/noThenProperty: a keyword of JSON Schema

import type { SchemaCase } from "../../../support/schema-cases.ts";

export const CONDITIONS: Readonly<Record<string, SchemaCase>> = {
  "a form that asks for more in one country": {
    schema: {
      type: "object",
      properties: { country: { enum: ["DE", "US", "FR"] }, zip: { type: "string" } },
      required: ["country"],
      if: { properties: { country: { const: "US" } }, required: ["country"] },
      then: { properties: { zip: { pattern: "^\\d{5}$" } }, required: ["zip"] },
      else: { properties: { zip: { pattern: "^[A-Z0-9]{4,6}$" } } },
    },
    accepts: [{ country: "US", zip: "12345" }, { country: "DE" }, { country: "FR", zip: "75AB" }],
    rejects: [{ country: "US" }, { country: "US", zip: "75AB" }, { country: "DE", zip: "1" }, { zip: "12345" }],
  },
  "a choice in three steps": {
    schema: {
      type: "object",
      properties: { plan: { enum: ["free", "team", "own"] }, seats: { type: "integer", minimum: 1 }, host: { type: "string" } },
      required: ["plan"],
      additionalProperties: false,
      if: { properties: { plan: { const: "team" } } },
      then: { required: ["seats"] },
      else: { if: { properties: { plan: { const: "own" } } }, then: { required: ["host"] }, else: { maxProperties: 1 } },
    },
    accepts: [{ plan: "free" }, { plan: "team", seats: 3 }, { plan: "own", host: "a" }],
    rejects: [{ plan: "free", seats: 1 }, { plan: "team" }, { plan: "own", seats: 1 }, {}],
  },
  "exactly one of three members": {
    schema: { type: "object", properties: { text: { type: "string" }, url: { type: "string", format: "uri" }, file: { type: "string" } }, oneOf: [{ required: ["text"] }, { required: ["url"] }, { required: ["file"] }], additionalProperties: false },
    accepts: [{ text: "a" }, { url: "https://a.org" }, { file: "b" }],
    rejects: [{}, { text: "a", file: "b" }, { url: "a" }],
  },
  "members that exclude each other in pairs": {
    schema: { type: "object", properties: { a: {}, b: {}, c: {} }, allOf: [{ not: { required: ["a", "b"] } }, { not: { required: ["b", "c"] } }] },
    accepts: [{}, { a: 1, c: 2 }, { b: 1 }],
    rejects: [{ a: 1, b: 1 }, { b: 1, c: 1 }, { a: 1, b: 1, c: 1 }],
  },
  "a schema that depends on a member": {
    schema: { type: "object", properties: { gift: { type: "boolean" }, note: { type: "string" } }, dependentSchemas: { gift: { properties: { note: { minLength: 3 } }, required: ["note"] } } },
    accepts: [{}, { note: "a" }, { gift: true, note: "abc" }],
    rejects: [{ gift: true }, { gift: true, note: "ab" }],
  },
  "anything but reserved names": {
    schema: { type: "object", properties: { user: { type: "string", pattern: "^[a-z]{2,8}$", not: { enum: ["root", "admin"] } } }, required: ["user"] },
    accepts: [{ user: "ann" }, { user: "roots" }],
    rejects: [{ user: "root" }, { user: "admin" }, { user: "a" }],
  },
  "other names by a rule": {
    schema: { type: "object", properties: { id: { type: "integer" } }, required: ["id"], patternProperties: { "^x-": true }, additionalProperties: false },
    accepts: [{ id: 1 }, { id: 1, "x-a": [1], "x-b": null }],
    rejects: [{ id: 1, y: 1 }, { "x-a": 1 }, { id: 1, x: 1 }],
  },
  "declared names with types, others with another one": {
    schema: { type: "object", properties: { name: { type: "string" }, nick: { type: "string" } }, additionalProperties: { type: "integer" } },
    accepts: [{ name: "a", age: 3 }, { nick: "b", names: 1, n: 2 }, { age: 1 }],
    rejects: [{ name: 1 }, { age: "a" }, { age: 3, name: 4 }],
  },
  "between two and three members": {
    schema: { type: "object", properties: { a: { const: 1 }, b: { const: 2 }, c: { const: 3 }, d: { const: 4 } }, additionalProperties: false, minProperties: 2, maxProperties: 3 },
    accepts: [{ a: 1, b: 2 }, { b: 2, c: 3, d: 4 }, { a: 1, d: 4 }],
    rejects: [{}, { a: 1 }, { a: 1, b: 2, c: 3, d: 4 }],
  },
  "a list that holds a certain entry": {
    schema: { type: "array", items: { type: "object", properties: { role: { enum: ["owner", "guest"] } }, required: ["role"] }, contains: { properties: { role: { const: "owner" } } } },
    accepts: [[{ role: "owner" }], [{ role: "guest" }, { role: "owner" }, { role: "guest" }]],
    rejects: [[], [{ role: "guest" }], [{ role: "owner" }, {}]],
  },
  "a whole number among others": {
    schema: { type: "array", items: { type: "number" }, contains: { type: "integer" } },
    accepts: [[1], [1.5, 2], [2, 1.5]],
    rejects: [[], ["a"]],
  },
  "a number outside of a range, or one of its edges": {
    schema: { type: "object", properties: { t: { type: "number", minimum: -40, maximum: 85, anyOf: [{ maximum: -10 }, { exclusiveMinimum: 60 }] } }, required: ["t"] },
    accepts: [{ t: -40 }, { t: -10 }, { t: 60.1 }, { t: 85 }],
    rejects: [{ t: -9.9 }, { t: 60 }, { t: 85.5 }, { t: -41 }],
  },
  "a text of a format and of a length": {
    schema: { type: "object", properties: { mail: { type: "string", format: "email", maxLength: 9 }, day: { type: "string", format: "date", pattern: "^2026-" }, host: { type: "string", format: "hostname", minLength: 5 } } },
    accepts: [{ mail: "a@bcd.org" }, { day: "2026-05-06" }, { host: "a.org" }],
    rejects: [{ mail: "a@bcde.org" }, { day: "2025-05-06" }, { host: "a.de" }, { mail: "a" }],
  },
  "a text with a password rule": {
    schema: { type: "string", pattern: "^(?=.*\\d)(?=.*[a-z])[a-z\\d]+$", minLength: 4, maxLength: 8 },
    accepts: ["abc1", "1bcdefgh"],
    rejects: ["abcd", "1234", "ab1", "abcdefgh1"],
  },
  "equal entries of objects in another order": {
    schema: { type: "array", items: { enum: [{ a: 1, b: 2 }, { b: 2, a: 1 }, null] }, uniqueItems: true },
    accepts: [[], [{ a: 1, b: 2 }, null], [null]],
    rejects: [[null, null], [{ a: 1, b: 2 }, { b: 2, a: 1 }], [{ a: 1, b: 2 }, { a: 1, b: 2 }]],
  },
}; // biome-ignore format: a table
