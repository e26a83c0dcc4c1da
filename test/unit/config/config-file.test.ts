// The file of --config: what it may hold, what overrides it, and the errors for what is wrong in it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { readCommandLine } from "../../../src/config/command-line.ts";
import { ConfigError } from "../../../src/config/config-error.ts";
import { configWith } from "../../../src/config/config-with.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "sluice-config-file-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const file = path.join(scratch, "sluice.yaml");

function read(
  text: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) {
  writeFileSync(file, text);
  const command = readCommandLine(["--config", file, ...args], env);
  if (command.type !== "serve") throw new Error("it prints a text");
  return command;
}

function configOf(...given: Parameters<typeof read>) {
  return read(...given).config;
}

/** Without the path of the file. */
function complaintAbout(...given: Parameters<typeof read>): string {
  try {
    read(...given);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(file, "FILE");
    throw error;
  }
  throw new Error("was accepted");
}

const EVERY_KIND = `# yaml-language-server: $schema=docs/config.schema.json
port: 0
queue-timeout: 10m
heartbeat: 2.5
memory-budget: 8GiB
strict: true
page: off
gpu: "off"
alias: [first, 'second one']
cors-origin: https://app.example
trust-proxy: [loopback, 10.0.0.0/8]
api-key:
  - 0123
  - "secret"
`;

test("reads every kind of value", () => {
  expect(configOf(EVERY_KIND)).toMatchObject({
    port: 0,
    queueTimeoutMs: 600_000,
    heartbeatMs: 2_500,
    memoryBudget: 8 * 2 ** 30,
    strict: true,
    page: false,
    gpu: "off",
    alias: ["first", "second one"],
    corsOrigin: ["https://app.example"],
    trustProxy: ["loopback", "10.0.0.0/8"],
    apiKey: ["0123", "secret"],
  });
});

test("reads JSON, with tabs and a schema for the editor", () => {
  const text =
    '{\n\t"$schema": "x.json",\n\t"port": 1,\n\t"strict": true,\n\t"keys-file": null\n}\n';

  expect(configOf(text)).toEqual(configWith({ port: 1, strict: true }));
});

test("reads models as texts and as objects", () => {
  const text = `models:
  - small.gguf,pin
  - {name: "qwen/qwen3:4b", path: "sub/a,b.gguf", alias: [gpt-4o, x], context: 8192, slots: 2}
  - path: /abs/c.gguf
    gpu-layers: 20
    alias: y
    preload: true
`;
  expect(configOf(text)).toEqual(
    configWith({
      model: [
        { path: path.join(scratch, "small.gguf"), isPinned: true },
        {
          name: "qwen/qwen3:4b",
          path: path.join(scratch, "sub/a,b.gguf"),
          aliases: ["gpt-4o", "x"],
          context: 8192,
          slots: 2,
        },
        { path: "/abs/c.gguf", gpuLayers: 20, aliases: ["y"], isPreloaded: true },
      ],
    }),
  );
});

test.each(["model: a.gguf", "model: [a.gguf]", "models: a.gguf", "models: {path: a.gguf}"])(
  "one model is %s",
  (text) => {
    expect(configOf(text)).toEqual(configWith({ model: path.join(scratch, "a.gguf") }));
  },
);

test.each([
  "",
  "# nothing\n",
  "---\n",
  "{}",
  "port:\nmodels:\n  # - later.gguf\n",
  "keys-file: ~\n",
])("%j changes no default", (text) => {
  expect(configOf(text)).toEqual(configWith({}));
});

test("a flag overrides its variable, a variable the file, and the file the default", () => {
  const text = "port: 1\nslots: 1\nqueue: 1\nalias: [a, b]\n";
  const config = configOf(text, ["--port", "3"], { SLUICE_PORT: "2", SLUICE_SLOTS: "2" });

  expect(config).toMatchObject({ port: 3, slots: 2, queue: 1, alias: ["a", "b"] });
  expect(configOf(text, ["--alias", "c"]).alias).toEqual(["c"]);
});

test("paths in the file are relative to its folder, all others to the working directory", () => {
  const text = `embedding-model: e.gguf
rerank-model: ../r.gguf
models-dir: m
keys-file: keys.json
tls-cert: tls/cert.pem
tls-key: /abs/key.pem
cache-disk: cache,20GiB
cache-key-file: cache.key
`;
  expect(configOf(text)).toMatchObject({
    embeddingModel: path.join(scratch, "e.gguf"),
    rerankModel: path.join(scratch, "../r.gguf"),
    modelsDir: path.join(scratch, "m"),
    keysFile: path.join(scratch, "keys.json"),
    tlsCert: path.join(scratch, "tls/cert.pem"),
    tlsKey: "/abs/key.pem",
    cacheDisk: { folder: path.join(scratch, "cache"), maxBytes: 20 * 2 ** 30 },
    cacheKeyFile: path.join(scratch, "cache.key"),
  });
  expect(configOf(text, ["--keys-file", "keys.json"]).keysFile).toBe("keys.json");
  expect(configOf("port: 0\n").modelsDir).toBe("models");
});

const INTEGER = "allowed is an integer from 0 to 65535";

test.each([
  ["\nport: x\n", `FILE:2: port is "x": ${INTEGER}`],
  ["port: -1", `FILE:1: port is "-1": ${INTEGER}`],
  ["port: [1, 2]", `FILE:1: port is "1,2": ${INTEGER}`],
  ["port: {a: 1}", `FILE:1: port: ${INTEGER}`],
  ["port: ''", `FILE:1: port is "": ${INTEGER}`],
  ["alias: [a, '']", 'FILE:1: alias is "": allowed is a name'],
  ["alias: [[a]]", "FILE:1: alias: allowed is a name"],
  [
    "cache-disk: ',4G'",
    'FILE:1: cache-disk is ",4G": allowed is a folder, a comma and a size such as 20GiB',
  ],
  ["\nprot: 1", "FILE:2: prot: unknown setting (did you mean port?)"],
  ["queueTimeout: 1", "FILE:1: queueTimeout: unknown setting (did you mean queue-timeout?)"],
  [
    "zzzzzz: 1",
    "FILE:1: zzzzzz: unknown setting; the settings are the options of --help-all, without --",
  ],
  ["config: other.yaml", "FILE:1: config: a configuration file cannot name another"],
  [
    "help: true",
    "FILE:1: help: unknown setting; the settings are the options of --help-all, without --",
  ],
  [
    "model: a.gguf\nmodels: [b.gguf]",
    "FILE:2: models: model is given already; allowed is model or models",
  ],
  ["models: []", "FILE:1: models: allowed is a path to a .gguf file"],
  [
    "models:\n- a.gguf\n- 1,2",
    'FILE:1: models is "1,2": unknown option "2"; allowed are alias, context, slots, gpu-layers, pin, preload',
  ],
  [
    "models:\n- a.gguf\n- path: b.gguf\n  slots: 0",
    "FILE:3: models: slots must be an integer from 1 to 256, not 0",
  ],
  ["models:\n- slots: 1", "FILE:2: models: it lacks a path"],
  [
    "models:\n- [a.gguf]",
    "FILE:2: models: allowed is a path to a .gguf file, or an object with a path",
  ],
  [
    "models:\n- a.gguf\n-",
    "FILE:3: models: allowed is a path to a .gguf file, or an object with a path",
  ],
  [
    "\nmodels: [x/a.gguf, a.gguf]",
    'FILE:2: models: two models have the name "a"; give each a name of its own, as in NAME=PATH',
  ],
  [
    "host: 0.0.0.0",
    'FILE:1: host is "0.0.0.0": other machines can connect, so it requires --api-key or --keys-file (or --allow-no-key)',
  ],
  ["port: 1\nport: 2", "FILE:2: Map keys must be unique"],
  [
    "port: [1",
    "FILE:1: Flow sequence in block collection must be sufficiently indented and end with a ]",
  ],
  ["a: 1\n---\nb: 2", "FILE:2: it has several documents; allowed is one"],
  ["port: !env PORT", "FILE:1: Unresolved tag"],
  ["- port", 'FILE:1: allowed are settings such as "port: 8080"'],
  ["port", 'FILE:1: allowed are settings such as "port: 8080"'],
])("refuses %j, naming line, setting and what is allowed", (text, complaint) => {
  expect(complaintAbout(text)).toBe(complaint);
});

test.each([
  "api-key: top secret",
  "api-key: {top: secret}",
  "api-key: [good, 'top secret']",
  "api-key: *secret",
  "api-key: @secret",
  "api-key: !secret x",
  "api-key: 'secret",
  'api-key: "\\q secret"',
  "api-key: a: secret",
  "api-key: |secret\n",
  "}secret",
])("shows no API key: %j", (text) => {
  expect(complaintAbout(text)).not.toContain("secret");
});

test("names what has the file, if it cannot be read", () => {
  const none = path.join(scratch, "none.yaml");
  const folder = path.join(scratch, "folder");
  mkdirSync(folder);

  expect(() => readCommandLine(["--config", none], {})).toThrow(
    `--config: cannot read ${none}: ENOENT`,
  );
  expect(() => readCommandLine([], { SLUICE_CONFIG: folder })).toThrow(
    `SLUICE_CONFIG: cannot read ${folder}: EISDIR`,
  );
  expect(() => readCommandLine(["--config="], {})).toThrow('--config is "": allowed is a path');
  expect(complaintAbout(`#${" ".repeat(1_048_576)}`)).toBe(
    "--config: FILE is too large; allowed are 1048576 bytes",
  );
});

test("can be read again, with the same flags and variables over it", () => {
  const command = read("port: 1\nqueue: 1\n", ["--port", "3"]);
  expect(command.configFile).toBe(file);

  writeFileSync(file, "port: 2\nqueue: 2\n");
  expect(command.reread()).toEqual(configWith({ port: 3, queue: 2 }));
  writeFileSync(file, "queue: x\n");
  expect(() => command.reread()).toThrow(":1: queue is");
});

test("without a file, reading again gives the same settings", () => {
  const command = readCommandLine(["--port", "3"], {});

  expect(command).toMatchObject({ configFile: null });
  expect(command.type === "serve" && command.reread()).toEqual(configWith({ port: 3 }));
});

test("many references cannot fill the memory", () => {
  const lists = Array.from({ length: 9 }, (_, index) => {
    const items = Array(9).fill(index === 0 ? "x" : `*a${index - 1}`);
    return `  - &a${index} [${items.join(", ")}]`;
  });

  expect(complaintAbout(`models:\n${lists.join("\n")}\n`)).toMatch(
    /^FILE:1: Excessive alias count/,
  );
});
