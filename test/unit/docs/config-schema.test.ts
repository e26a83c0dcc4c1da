// docs/config.schema.json is made from the settings, and agrees with what the server reads.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Ajv } from "ajv";
import { afterAll, expect, test } from "vitest";
import { configSchema } from "../../../scripts/config-schema.ts";
import { readCommandLine } from "../../../src/config/command-line.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "sluice-schema-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const isValid = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(configSchema()));

test("is up to date (npm run docs)", () => {
  const file = path.join(import.meta.dirname, "../../../docs/config.schema.json");

  expect(readFileSync(file, "utf8")).toBe(configSchema());
});

function isRead(settings: object): boolean {
  const file = path.join(scratch, "sluice.json");
  writeFileSync(file, JSON.stringify(settings));
  try {
    return readCommandLine(["--config", file], {}).type === "serve";
  } catch {
    return false;
  }
}

test.each<object>([
  {},
  { $schema: "x", port: 0, "queue-timeout": 600, heartbeat: "250ms", "memory-budget": "8GiB" },
  { strict: true, page: "off", "cache-ram": 0, "cache-disk": "x,20GiB", alias: "one" },
  { "trust-proxy": ["loopback"], "allowed-host": ["Box.lan"], "api-key": ["secret"] },
  { "trust-proxy": 1, "log-level": "debug", "models-dir": "m", "idle-unload": "1.5h" },
  { model: "a.gguf" },
  { models: ["a.gguf,pin", { path: "b.gguf", name: "b:1", alias: ["x"], slots: 2, pin: true }] },
])("accepts %j, as the server does", (settings) => {
  expect([isValid(settings), isRead(settings)]).toEqual([true, true]);
});

test.each<object>([
  { prot: 1 },
  { config: "x.yaml" },
  { port: 65_536 },
  { port: "http" },
  { "queue-timeout": 0 },
  { "queue-timeout": "1d" },
  { "memory-budget": "much" },
  { page: "maybe" },
  { gpu: "CUDA" },
  { models: [] },
  { models: [{ slots: 1 }] },
  { models: [{ path: "a.gguf", gpuLayers: 1 }] },
  { models: [{ path: "a.gguf", name: "a b" }] },
  { model: "a.gguf", models: ["b.gguf"] },
])("refuses %j, as the server does", (settings) => {
  expect([isValid(settings), isRead(settings)]).toEqual([false, false]);
});
