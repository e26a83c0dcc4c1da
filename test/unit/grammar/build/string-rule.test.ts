// Strings: lengths, patterns and formats, also together.

import { describeSchemas, type SchemaCase } from "../../../support/schema-cases.ts";

const CASES: Record<string, SchemaCase> = {
  "string lengths": {
    schema: { type: "string", minLength: 2, maxLength: 70 },
    accepts: ["ab", "\u00e4\u00f6", "x".repeat(64), "x".repeat(70)],
    rejects: ["a", "x".repeat(71)],
  },
  "a format with limits that it implies": {
    schema: { type: "string", format: "uri", minLength: 1, maxLength: 2083 },
    accepts: ["https://example.org"],
    rejects: ["", "example"],
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
