// Schemas of messages between programs: events, API objects, geometry.

// biome-ignore-all lint/suspicious/noThenProperty: a keyword of JSON Schema

import type { SchemaCase } from "../../../support/schema-cases.ts";

const POSITION = { type: "array", items: { type: "number" }, minItems: 2, maxItems: 3 };

export const MESSAGES: Readonly<Record<string, SchemaCase>> = {
  "an event with a payload by its type": {
    schema: {
      type: "object",
      properties: { id: { type: "string", format: "uuid" }, type: { type: "string" } },
      required: ["id", "type"],
      oneOf: [
        { properties: { type: { const: "created" }, name: { type: "string" } }, required: ["name"] },
        { properties: { type: { const: "moved" }, to: { $ref: "#/$defs/place" } }, required: ["to"] },
        { properties: { type: { const: "gone" } } },
      ],
      $defs: { place: { enum: ["shelf", "desk"] } },
    },
    accepts: [
      { id: "123e4567-e89b-42d3-a456-426614174000", type: "created", name: "a" },
      { id: "123e4567-e89b-42d3-a456-426614174000", type: "moved", to: "desk" },
      { id: "123e4567-e89b-42d3-a456-426614174000", type: "gone" },
    ],
    rejects: [
      { id: "123e4567-e89b-42d3-a456-426614174000", type: "created" },
      { id: "123e4567-e89b-42d3-a456-426614174000", type: "moved", to: "sea" },
      { id: "1", type: "gone" },
    ],
  },
  "an object of a cluster": {
    schema: {
      type: "object",
      description: "Unknown keywords are annotations.",
      properties: {
        apiVersion: { type: ["string", "null"], enum: ["v1"] },
        kind: { type: ["string", "null"], enum: ["Service"] },
        metadata: { type: ["object", "null"], properties: { name: { type: ["string", "null"] }, labels: { type: ["object", "null"], additionalProperties: { type: ["string", "null"] } } } },
        spec: { oneOf: [{ type: "object", properties: { ports: { type: ["array", "null"], items: { type: "object", required: ["port"], properties: { port: { type: "integer", format: "int32" }, targetPort: { oneOf: [{ type: "string" }, { type: "integer" }] } } }, "x-list-type": "map" } } }, { type: "null" }] },
      },
      "x-group-version-kind": [{ group: "", kind: "Service", version: "v1" }],
    },
    accepts: [
      { apiVersion: "v1", kind: "Service", metadata: { name: "a", labels: { app: "b" } } },
      { kind: "Service", spec: { ports: [{ port: 80, targetPort: "http" }] } },
      { spec: null },
    ],
    rejects: [{ kind: "Pod" }, { spec: { ports: [{ targetPort: 1 }] } }, { metadata: { labels: { a: 1 } } }],
  },
  "a geometry": {
    schema: {
      $id: "https://example.org/geometry",
      oneOf: [
        { type: "object", required: ["type", "coordinates"], properties: { type: { enum: ["Point"] }, coordinates: POSITION } },
        { type: "object", required: ["type", "coordinates"], properties: { type: { enum: ["LineString"] }, coordinates: { type: "array", minItems: 2, items: POSITION } } },
        { type: "object", required: ["type", "geometries"], properties: { type: { enum: ["GeometryCollection"] }, geometries: { type: "array", items: { $ref: "#" } } } },
      ],
    },
    accepts: [
      { type: "Point", coordinates: [1.5, -2] },
      { type: "LineString", coordinates: [[1, 2], [3, 4, 5]] },
      { type: "GeometryCollection", geometries: [{ type: "Point", coordinates: [0, 0] }] },
    ],
    rejects: [{ type: "Point", coordinates: [1] }, { type: "Point" }, { type: "LineString", coordinates: [[1, 2]] }, { type: "Circle", coordinates: [1, 2] }],
  },
  "a page of results": {
    schema: {
      type: "object",
      properties: { items: { type: "array", items: { $ref: "#/$defs/user" }, maxItems: 2 }, next: { type: ["string", "null"], format: "uri" }, total: { type: "integer", minimum: 0 } },
      required: ["items", "next"],
      additionalProperties: false,
      $defs: { user: { type: "object", properties: { email: { type: "string", format: "email" }, age: { type: "integer", minimum: 18, maximum: 120 } }, required: ["email"] } },
    },
    accepts: [{ items: [], next: null }, { items: [{ email: "a@b.org", age: 18 }], next: "https://b.org/2", total: 1 }],
    rejects: [{ items: [{ email: "a" }], next: null }, { items: [{ email: "a@b.org", age: 17 }], next: null }, { items: [] }, { items: [], next: "2" }],
  },
  "a change as a list of operations": {
    schema: {
      type: "array",
      items: {
        type: "object",
        required: ["op", "path"],
        properties: { op: { enum: ["add", "remove", "move"] }, path: { type: "string", pattern: "^/" } },
        allOf: [
          { if: { properties: { op: { const: "add" } } }, then: { required: ["value"] } },
          { if: { properties: { op: { const: "move" } } }, then: { required: ["from"], properties: { from: { type: "string" } } } },
        ],
      },
    },
    accepts: [[], [{ op: "remove", path: "/a" }], [{ op: "add", path: "/a", value: 1 }, { op: "move", path: "/a", from: "/b" }]],
    rejects: [[{ op: "add", path: "/a" }], [{ op: "move", path: "/a" }], [{ op: "remove", path: "a" }], [{ path: "/a" }]],
  },
  "an OpenAPI object with nullable members": {
    schema: {
      type: "object",
      properties: { pet: { $ref: "#/components/schemas/Pet" }, note: { type: "string", nullable: true, maxLength: 3 } },
      required: ["pet"],
      components: {
        schemas: {
          Pet: { oneOf: [{ $ref: "#/components/schemas/Cat" }, { $ref: "#/components/schemas/Dog" }], discriminator: { propertyName: "kind", mapping: { cat: "#/components/schemas/Cat" } } },
          Cat: { type: "object", required: ["kind"], properties: { kind: { type: "string" }, lives: { type: "integer", minimum: 0, exclusiveMinimum: true } } },
          Dog: { type: "object", required: ["kind"], properties: { kind: { type: "string" }, bark: { type: "boolean" } } },
        },
      },
    },
    accepts: [{ pet: { kind: "cat", lives: 9 } }, { pet: { kind: "Dog", bark: true }, note: null }, { pet: { kind: "cat" }, note: "abc" }],
    rejects: [{ pet: { kind: "cat", lives: 0 } }, { pet: { kind: "bird" } }, { pet: { lives: 1 } }, { pet: { kind: "cat" }, note: "abcd" }],
  },
  "a payment by card or by transfer": {
    schema: {
      type: "object",
      properties: { amount: { type: "number", minimum: 0.01, multipleOf: 0.01 }, card: { type: "string", pattern: "^\\d{4}$" }, iban: { type: "string", pattern: "^[A-Z]{2}\\d{2,30}$" }, address: { type: "string" } },
      required: ["amount"],
      dependentRequired: { card: ["address"] },
      not: { required: ["card", "iban"] },
      additionalProperties: false,
    },
    accepts: [{ amount: 0.01 }, { amount: 19.99, card: "1234", address: "a" }, { amount: 5, iban: "DE12" }],
    rejects: [{ amount: 0 }, { amount: 0.001 }, { amount: 1, card: "1234" }, { amount: 1, card: "1234", iban: "DE12", address: "a" }],
  },
  "a tree of comments": {
    schema: {
      $ref: "#/$defs/comment",
      $defs: { comment: { type: "object", properties: { text: { type: "string", minLength: 1, maxLength: 280 }, replies: { type: "array", items: { $ref: "#/$defs/comment" } } }, required: ["text"], additionalProperties: false } },
    },
    accepts: [{ text: "a" }, { text: "a", replies: [{ text: "b", replies: [{ text: "c" }] }] }],
    rejects: [{ text: "" }, { text: "a", replies: [{}] }, { text: "a", likes: 1 }],
  },
  "an expression as nested lists": {
    schema: { $defs: { e: { anyOf: [{ type: "number" }, { type: "array", prefixItems: [{ enum: ["+", "*"] }, { $ref: "#/$defs/e" }, { $ref: "#/$defs/e" }], items: false, minItems: 3 }] } }, $ref: "#/$defs/e" },
    accepts: [1, ["+", 1, 2], ["*", ["+", 1, 2], 3]],
    rejects: ["+", ["+", 1], ["-", 1, 2], ["+", 1, 2, 3]],
  },
  "a self-describing event": {
    schema: {
      description: "Meta-data in keywords that JSON Schema does not define.",
      self: { vendor: "org.example", name: "click", format: "jsonschema", version: "1-0-0" },
      type: "object",
      properties: { target: { type: "string", maxLength: 255 }, x: { type: ["integer", "null"], minimum: -32768, maximum: 32767 } },
      required: ["target"],
      additionalProperties: false,
    },
    accepts: [{ target: "a" }, { target: "", x: null }, { target: "a", x: -32768 }],
    rejects: [{ x: 1 }, { target: "a", x: 32768 }, { target: "a", y: 1 }, { target: null }],
  },
  "arguments of a search": {
    schema: { type: "object", properties: { query: { type: "string" }, tags: { type: "array", items: { type: "string", enum: ["new", "old"] }, uniqueItems: true }, range: { type: "array", prefixItems: [{ type: "integer" }, { type: "integer" }], minItems: 2, maxItems: 2 } }, required: ["query"], minProperties: 2, additionalProperties: false },
    accepts: [{ query: "a", tags: [] }, { query: "a", tags: ["old", "new"], range: [1, 2] }],
    rejects: [{ query: "a" }, { query: "a", tags: ["new", "new"] }, { query: "a", range: [1] }, { tags: [] }],
  },
}; // biome-ignore format: a table
