// Schemas of files: manifests, pipelines, settings.

import type { SchemaCase } from "../../../support/schema-cases.ts";

const HOST = {
  type: "object",
  properties: { port: { type: "integer", minimum: 1, maximum: 65535 }, tls: { type: "boolean" } },
  additionalProperties: false,
};

export const FILES: Readonly<Record<string, SchemaCase>> = {
  "a package manifest": {
    schema: {
      type: "object",
      properties: {
        name: { type: "string", pattern: "^(@[a-z0-9-]+/)?[a-z0-9-]+$", maxLength: 40 },
        version: { type: "string", pattern: "^\\d+\\.\\d+\\.\\d+$" },
        private: { type: "boolean", default: false },
        scripts: { type: "object", additionalProperties: { type: "string" } },
        dependencies: { $ref: "#/definitions/versions" },
        files: { type: "array", items: { type: "string" }, uniqueItems: false },
      },
      required: ["name", "version"],
      definitions: { versions: { type: "object", propertyNames: { pattern: "^[@a-z]" }, additionalProperties: { type: "string", minLength: 1 } } },
    },
    accepts: [
      { name: "@a/b", version: "1.0.0" },
      { name: "left", version: "0.10.2", private: true, scripts: { build: "tsc" }, dependencies: { express: "^5" } },
      { name: "a", version: "1.0.0", license: "MIT" },
    ],
    rejects: [
      { name: "A", version: "1.0.0" },
      { name: "a", version: "1.0" },
      { name: "a", version: "1.0.0", dependencies: { Express: "^5" } },
      { name: "a", version: "1.0.0", dependencies: { express: "" } },
    ],
  },
  "a pipeline with jobs by name": {
    schema: {
      type: "object",
      properties: {
        on: { anyOf: [{ type: "string" }, { type: "array", items: { enum: ["push", "pull", "timer"] }, uniqueItems: true, minItems: 1 }] },
        jobs: {
          type: "object",
          patternProperties: { "^[a-z_]+$": { $ref: "#/$defs/job" } },
          additionalProperties: false,
          minProperties: 1,
        },
      },
      required: ["on", "jobs"],
      $defs: {
        job: {
          type: "object",
          properties: { needs: { type: ["string", "array"], items: { type: "string" } }, steps: { type: "array", items: { oneOf: [{ required: ["run"] }, { required: ["uses"] }], properties: { run: { type: "string" }, uses: { type: "string" } }, type: "object" } } },
          required: ["steps"],
        },
      },
    },
    accepts: [
      { on: "push", jobs: { test: { steps: [{ run: "make" }] } } },
      { on: ["timer", "push"], jobs: { a: { needs: ["b"], steps: [] }, b: { needs: "c", steps: [{ uses: "x" }] } } },
    ],
    rejects: [
      { on: ["push", "push"], jobs: { a: { steps: [] } } },
      { on: "push", jobs: {} },
      { on: "push", jobs: { "no-dash": { steps: [] } } },
      { on: "push", jobs: { a: { steps: [{ run: "a", uses: "b" }] } } },
    ],
  },
  "settings with hosts by address": {
    schema: {
      type: "object",
      properties: { timeout: { type: "number", exclusiveMinimum: 0, maximum: 30 }, hosts: { type: "object", patternProperties: { "^\\d+\\.\\d+$": HOST, "\\.org$": HOST }, additionalProperties: false } },
      additionalProperties: false,
    },
    accepts: [{}, { timeout: 0.5, hosts: { "10.1": { port: 80 }, "a.org": { tls: true } } }, { hosts: {} }],
    rejects: [{ timeout: 0 }, { timeout: 30.5 }, { hosts: { "a.com": {} } }, { hosts: { "a.org": { port: 0 } } }, { host: {} }],
  },
  "an editor theme with colours": {
    schema: {
      properties: { type: { enum: ["dark", "light"] }, colors: { additionalProperties: { anyOf: [{ type: "string", pattern: "^#[0-9a-f]{6}$" }, { type: "null" }] } } },
      required: ["type"],
      type: "object",
    },
    accepts: [{ type: "dark" }, { type: "light", colors: { text: "#00ff00", line: null } }],
    rejects: [{ type: "blue" }, { type: "dark", colors: { text: "green" } }, { colors: {} }],
  },
  "a compose file with one of two sources": {
    schema: {
      type: "object",
      properties: { image: { type: "string" }, build: { type: ["string", "object"] }, ports: { type: "array", items: { anyOf: [{ type: "integer" }, { type: "string", pattern: "^\\d+:\\d+$" }] } } },
      anyOf: [{ required: ["image"] }, { required: ["build"] }],
      additionalProperties: false,
    },
    accepts: [{ image: "a" }, { build: ".", ports: [80, "8080:80"] }, { image: "a", build: {} }],
    rejects: [{}, { ports: [80] }, { image: "a", ports: ["80"] }, { image: "a", name: "b" }],
  },
  "a lint rule: a level alone or with options": {
    schema: {
      definitions: { level: { oneOf: [{ enum: [0, 1, 2] }, { enum: ["off", "warn", "error"] }] } },
      additionalProperties: { oneOf: [{ $ref: "#/definitions/level" }, { type: "array", items: [{ $ref: "#/definitions/level" }], minItems: 1 }] },
      type: "object",
    },
    accepts: [{}, { eqeqeq: 2, semi: ["warn", { a: 1 }] }, { a: "off", b: [0] }],
    rejects: [{ a: 3 }, { a: [] }, { a: ["loud"] }, { a: null }],
  },
  "a feature flag with a rollout": {
    schema: {
      type: "object",
      properties: { key: { type: "string", format: "slug", minLength: 2 }, rollout: { type: "number", minimum: 0, maximum: 100, multipleOf: 0.5 }, until: { type: "string", format: "date" } },
      required: ["key", "rollout"],
      unevaluatedProperties: false,
    },
    accepts: [{ key: "ab", rollout: 12.5 }, { key: "new-page", rollout: 100, until: "2026-02-28" }],
    rejects: [{ key: "a", rollout: 1 }, { key: "ab", rollout: 0.3 }, { key: "ab", rollout: 1, until: "2026-02-31" }, { key: "ab", rollout: 1, x: 1 }],
  },
  "translations: the same names in each language": {
    schema: {
      type: "object",
      propertyNames: { pattern: "^[a-z]{2}(-[A-Z]{2})?$" },
      additionalProperties: { type: "object", required: ["title"], properties: { title: { type: "string", minLength: 1 } } },
      maxProperties: 3,
    },
    accepts: [{}, { en: { title: "a" } }, { en: { title: "a" }, "de-AT": { title: "b", more: 1 } }],
    rejects: [{ english: { title: "a" } }, { en: {} }, { en: { title: "" } }, { aa: { title: "a" }, bb: { title: "a" }, cc: { title: "a" }, dd: { title: "a" } }],
  },
  "a cron entry": {
    schema: { type: "object", properties: { at: { type: "string", pattern: "^(\\*|[0-5]?\\d) (\\*|1?\\d|2[0-3])$" }, run: { type: "string", minLength: 1 }, days: { type: "array", items: { enum: ["mo", "tu", "we", "th", "fr"] }, uniqueItems: true, maxItems: 5 } }, required: ["at", "run"] },
    accepts: [{ at: "0 12", run: "a" }, { at: "* *", run: "a", days: ["fr", "mo"] }],
    rejects: [{ at: "60 1", run: "a" }, { at: "0 24", run: "a" }, { at: "0 1", run: "a", days: ["mo", "mo"] }, { at: "0 1" }],
  },
  "a colour as words or parts": {
    schema: { anyOf: [{ type: "string", enum: ["red", "green"] }, { type: "array", prefixItems: [{ type: "integer" }, { type: "integer" }, { type: "integer" }], items: false, minItems: 3 }, { type: "object", properties: { hex: { type: "string", pattern: "^[0-9A-F]{6}$" } }, required: ["hex"] }] },
    accepts: ["red", [1, 2, 3], { hex: "00FFAA" }],
    rejects: ["blue", [1, 2], [1, 2, 3, 4], { hex: "0" }, {}],
  },
}; // biome-ignore format: a table
