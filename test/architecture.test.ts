// Keeps src/ to the layer table: who may import whom, which layer owns which package, how long a file may be and how many
// files a folder may hold. A new folder, root file or package must be entered here. Biome limits the length of functions.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";
import { type Program, parseSync, Visitor } from "oxc-parser";
import { expect, test } from "vitest";
import { DIALECTS, EMBEDDING_APIS, ENDPOINTS } from "../src/api/wire-formats.ts";

const SRC = path.join(import.meta.dirname, "../src");
const TEST = import.meta.dirname;
const MAX_LINES = 300;
const MAX_FILES_IN_A_FOLDER = 20;

/**
 * A layer is a folder, or a file right in src/. Besides itself it may import these layers; `layer/file.ts` is that file
 * alone, `type ` before a name allows types only, `*` is everything.
 */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "errors.ts": ["type generation/memory-use.ts", "type generation/request-field.ts"],
  generation: ["errors.ts"],
  grammar: ["generation"],
  "closest-name.ts": [],
  "hide-user-info.ts": [],
  config: ["closest-name.ts", "errors.ts", "hide-user-info.ts", "metrics/metric-alias.ts"],
  api: ["generation", "grammar", "errors.ts", "type journal"],
  compile: ["generation", "grammar", "errors.ts"],
  "cache-misses": ["generation"],
  queue: ["generation", "errors.ts"],
  keys: ["generation", "errors.ts"],
  engine: ["generation", "errors.ts"],
  worker: ["engine/messages.ts", "generation", "grammar", "errors.ts", "cpu-count.ts"],
  models: [
    ...["closest-name.ts", "generation", "errors.ts"],
    ...["type engine/engine.ts", "type engine/embedding-engine.ts", "type queue"],
  ],
  cluster: [
    "generation",
    "errors.ts",
    "engine",
    "type models",
    "type queue",
    "journal/model-fingerprints.ts",
    "hide-user-info.ts",
    "type log.ts",
  ],
  resume: ["generation", "errors.ts"],
  journal: ["generation", "errors.ts", "type log.ts"],
  telemetry: ["generation", "hide-user-info.ts", "type journal"],
  metrics: ["closest-name.ts", "generation", "errors.ts", "type journal"],
  "log.ts": ["log-writer.ts", "generation", "errors.ts"],
  "log-writer.ts": [],
  http: [
    ...["api", "cache-misses", "compile", "queue", "keys", "resume", "models", "metrics"],
    ...["journal/gap-counts.ts", "type journal"],
    ...["generation", "errors.ts"],
    ...["type engine/engine.ts", "type engine/embedding-engine.ts"],
  ],
  "create-engines.ts": [
    ...["type config", "engine", "generation", "type models"],
    ...["type metrics", "type log.ts"],
  ],
  "create-models.ts": [
    ...["type config", "configured-models.ts", "create-engines.ts", "engine", "models", "queue"],
    ...["generation", "type log.ts"],
  ],
  "create-served.ts": ["cluster", "create-models.ts", "generation"],
  "configured-models.ts": ["type config", "models"],
  "create-journal.ts": [
    ...[
      "type config",
      "create-telemetry.ts",
      "journal",
      "type log.ts",
      "type metrics",
      "telemetry",
    ],
  ],
  "create-access.ts": ["type config", "keys", "queue", "type log.ts"],
  "create-telemetry.ts": ["config", "type log.ts", "telemetry"],
  "create-stores.ts": ["cache-misses", "compile", "type config", "resume"],
  "server-figures.ts": [
    ...["type config", "type create-models.ts", "type cluster", "generation"],
    ...["type metrics", "models"],
  ],
  "live-settings.ts": ["type config", "type keys", "type queue"],
  "web/conversation": [],
  "web/browser": ["web/frames/frame-server.ts"],
  "web/frames": [],
  "web/attachments": [],
  "web/markdown": ["web/browser"],
  "web/client": ["type web/conversation"],
  "web/tools": ["web/conversation", "web/browser", "type web/frames"],
  "web/chat": [
    ...["web/attachments", "web/conversation", "web/browser", "web/client"],
    "type web/tools",
  ],
  "web/view": [
    "web/attachments",
    "web/conversation",
    "web/browser",
    "web/markdown",
    "web/client",
    "web/chat",
    "web/tools",
  ],
  "web/main.tsx": ["*"],
  "web/offline": [],
  "web/vite.config.ts": ["web/offline"],
  bench: [],
  "uncaught.ts": [],
  "service.ts": ["*"],
  "create-node.ts": ["*"],
  "follow-certificate.ts": ["config", "type http", "type log.ts"],
  "node-models.ts": [
    ...["cluster", "type config", "configured-models.ts", "create-engines.ts", "create-models.ts"],
    ...["engine", "errors.ts", "journal/model-fingerprints.ts", "type models"],
  ],
  "open-files.ts": [],
  "cpu-count.ts": [],
  cli: ["*"],
  "main.ts": ["*"],
};

/** The layers, folders or files that may import a package, or a restricted module of Node. With `type ` they may import types only. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  "@huggingface/jinja": ["worker"],
  "@nats-io/jetstream": ["cluster/nats"],
  "@nats-io/kv": ["cluster/nats"],
  "@nats-io/transport-node": ["cluster/nats"],
  "@opentelemetry/api": ["telemetry/otlp-export.ts", "type telemetry/request-histograms.ts"],
  "@opentelemetry/exporter-metrics-otlp-proto": ["telemetry/otlp-export.ts"],
  "@opentelemetry/exporter-trace-otlp-proto": ["telemetry/otlp-export.ts"],
  "@opentelemetry/resources": ["telemetry/otlp-export.ts"],
  "@opentelemetry/sdk-metrics": ["telemetry/otlp-export.ts"],
  "@opentelemetry/sdk-trace-base": ["telemetry/otlp-export.ts"],
  cors: ["http"],
  express: ["http"],
  helmet: ["http"],
  mermaid: ["web/frames"],
  "node-llama-cpp": ["worker", "models"],
  "node:child_process": ["engine", "models/pull-process.ts", "cli/launch.ts"],
  "node:process": [],
  "node:worker_threads": [
    "compile",
    "worker/cache/disk-main.ts",
    "worker/cache/disk-tier.ts",
    "worker/prompt/template/render-main.ts",
    "worker/prompt/template/render-thread.ts",
  ],
  "p-queue": ["queue/turns.ts"],
  pino: ["log.ts", "type http"],
  "pino-pretty": ["log.ts"],
  "prom-client": ["metrics"],
  "@modelcontextprotocol/sdk": ["web/frames/mcp-frame.ts"],
  "@vitejs/plugin-react": ["web/vite.config.ts"],
  "eventsource-parser": ["web/client", "bench"],
  "hast-util-to-jsx-runtime": ["web/markdown"],
  idb: ["web/conversation"],
  jose: ["keys"],
  "jsonc-parser": ["web/conversation"],
  katex: ["web/markdown"],
  lowlight: ["web/markdown"],
  marked: ["web/markdown"],
  "pdfjs-dist": ["web/attachments"],
  react: ["web/markdown", "web/view"],
  "react-dom": ["web/main.tsx"],
  "react-markdown": ["web/markdown"],
  "remark-gfm": ["web/markdown"],
  remend: ["web/markdown"],
  vite: ["web/vite.config.ts", "type web/offline/page-files-plugin.ts"],
  ws: ["http"],
  yaml: ["config"],
  zod: ["api", "keys", "config", "cluster/read-packet.ts", "web/frames/mcp-frame.ts"],
};

/** The files that may read flags and variables: the entries of processes, and the worker's process gives them to its child. */
const PROCESS_READERS: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["env", "argv"],
  "engine/worker-process.ts": ["env"],
  "models/pull-main.ts": ["env"],
};

/** Names of the APIs' body fields that could be no other word: those with an underscore or a capital inside. */
const WIRE_NAMES = new Set(
  [...DIALECTS, ...ENDPOINTS, ...EMBEDDING_APIS]
    .flatMap(({ contract: { body, unsupported, wishes = {}, sameAs = {} } }) => [
      ...("shape" in body ? Object.keys(body.shape as object) : []),
      ...Object.keys({ ...unsupported, ...wishes, ...sameAs }).map((name) =>
        name.replace(/^options\./, ""),
      ),
    ])
    .filter((name) => /[a-z](_[a-z]|[A-Z])/.test(name)),
);
/** Places that may write such names: the APIs, clients (the page, the benchmark), help texts, and the variables of chat templates. */
const WIRE_SPEAKERS = [
  "api/",
  "web/",
  "bench/clients/",
  "config/",
  "worker/prompt/template/chat-template.ts",
];

type Import = { readonly from: string; readonly to: string; readonly isType: boolean };

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll(path.sep, "/"))
  .filter((file) => /\.tsx?$/.test(file))
  .sort();
const sources = new Map(files.map((file) => [file, readFileSync(path.join(SRC, file), "utf8")]));
const modules = new Map([...sources].map(([file, text]) => [file, parseSync(file, text)]));
const imports = [...modules.keys()].flatMap(importsOf);

function importsOf(from: string): Import[] {
  const parsed = modules.get(from);
  if (!parsed) return [];
  const { staticImports, staticExports, dynamicImports } = parsed.module;
  const statics = staticImports.map(({ moduleRequest, entries }) => ({
    to: moduleRequest.value,
    isType: entries.length > 0 && entries.every((entry) => entry.isType),
  }));
  const reexports = staticExports
    .flatMap(({ entries }) => entries)
    .flatMap(({ moduleRequest, isType }) =>
      moduleRequest ? [{ to: moduleRequest.value, isType }] : [],
    );
  const dynamics = dynamicImports.map(({ moduleRequest: { start, end } }) => ({
    to: (sources.get(from) ?? "").slice(start + 1, end - 1), // without its quotes
    isType: false,
  }));
  return [...statics, ...reexports, ...dynamics].map((each) => ({ from, ...each }));
}

function isRelative({ to }: Import): boolean {
  return to.startsWith(".");
}

/** The imported file, as a path in src/. */
function targetOf({ from, to }: Import): string {
  return path.posix.join(path.posix.dirname(from), to);
}

/** The page's own small tree has layers of its own. */
function layerOf(file: string): string {
  const [first = file, second] = file.split("/");
  return first === "web" ? `${first}/${second}` : first;
}

/** Whether one of the names stands for one of the candidates. */
function allows(names: readonly string[], candidates: readonly string[], isType: boolean): boolean {
  if (names.includes("*")) return true;
  return candidates.some(
    (candidate) => names.includes(candidate) || (isType && names.includes(`type ${candidate}`)),
  );
}

function foldersOf(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

function show({ from, to, isType }: Import): string {
  return `${from} imports ${isType ? "types of " : ""}${to}`;
}

/** `fs` and `node:fs` are the same; a deep import belongs to its package. */
function packageOf(specifier: string): string {
  if (specifier.startsWith("node:")) return specifier;
  const [first = "", second] = specifier.split("/");
  if (builtinModules.includes(first)) return `node:${first}`;
  return first.startsWith("@") ? `${first}/${second}` : first;
}

/** Which of `process.env` and `process.argv` a file reads. */
function processReadsOf(program: Program): string[] {
  const reads: string[] = [];
  const note = (name: string | undefined) => {
    if (name === "env" || name === "argv") reads.push(name);
  };
  new Visitor({
    MemberExpression({ object, property }) {
      if (object.type !== "Identifier" || object.name !== "process") return;
      if (property.type === "Identifier") note(property.name);
      if (property.type === "Literal") note(String(property.value));
    },
    VariableDeclarator({ id, init }) {
      if (init?.type !== "Identifier" || init.name !== "process") return;
      if (id.type !== "ObjectPattern") return;
      for (const each of id.properties) {
        if (each.type === "Property" && each.key.type === "Identifier") note(each.key.name);
      }
    },
  }).visit(program);
  return reads;
}

/** The wire names in a file's strings. */
function wireNamesIn(program: Program): string[] {
  const texts: string[] = [];
  new Visitor({
    Literal({ value }) {
      if (typeof value === "string") texts.push(value);
    },
    TemplateElement({ value }) {
      texts.push(value.raw);
    },
  }).visit(program);
  return texts.flatMap((text) => text.split(/\W+/)).filter((word) => WIRE_NAMES.has(word));
}

/** Names of the types, interfaces and classes that a file declares and exports. */
function exportedTypesOf(program: Program): string[] {
  return program.body.flatMap((statement) => {
    if (statement.type !== "ExportNamedDeclaration") return [];
    const { declaration } = statement;
    switch (declaration?.type) {
      case "TSTypeAliasDeclaration":
      case "TSInterfaceDeclaration":
      case "ClassDeclaration":
        return declaration.id ? [declaration.id.name] : [];
      default:
        return [];
    }
  });
}

function cycleFrom(file: string, trail: readonly string[], done: Set<string>): string | null {
  if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file].join(" → ");
  if (done.has(file)) return null;
  for (const each of imports) {
    if (each.from !== file || !isRelative(each)) continue;
    const cycle = cycleFrom(targetOf(each), [...trail, file], done);
    if (cycle) return cycle;
  }
  done.add(file);
  return null;
}

test("finds the sources, and understands all of them", () => {
  expect(files.length).toBeGreaterThan(30);
  expect(imports.length).toBeGreaterThan(100);
  expect([...modules].filter(([, { errors }]) => errors.length > 0).map(([file]) => file)).toEqual(
    [],
  );
});

test("every folder and root file of src/ is a layer in the table, and every layer exists", () => {
  const there = new Set(files.map(layerOf));

  expect([...there].sort()).toEqual(Object.keys(LAYERS).sort());
});

test("every layer imports only those below it", () => {
  const violations = imports.filter((each) => {
    if (!isRelative(each)) return false;
    const target = targetOf(each);
    if (layerOf(target) === layerOf(each.from)) return false;
    const allowed = LAYERS[layerOf(each.from)] ?? [];
    return !allows(allowed, [layerOf(target), target], each.isType);
  });

  expect(violations.map(show)).toEqual([]);
});

test("the worker is started, never imported", () => {
  const importers = imports.filter(
    (each) =>
      isRelative(each) && layerOf(targetOf(each)) === "worker" && layerOf(each.from) !== "worker",
  );

  expect(importers.map(show)).toEqual([]);
});

test("only the owner of a package imports it, and every package has an owner", () => {
  const violations = imports.filter((each) => {
    if (isRelative(each)) return false;
    const name = packageOf(each.to);
    const owners = OWNERS[name];
    if (!owners) return !name.startsWith("node:");
    const { from } = each;
    return !allows(owners, [layerOf(from), path.posix.dirname(from), from], each.isType);
  });

  expect(violations.map(show)).toEqual([]);
});

test("flags and variables are read only where the process begins", () => {
  const violations = [...modules].flatMap(([file, { program }]) =>
    processReadsOf(program)
      .filter((name) => !PROCESS_READERS[file]?.includes(name))
      .map((name) => `${file} reads process.${name}`),
  );

  expect(violations).toEqual([]);
});

test("only the APIs know the names of their fields", () => {
  const violations = [...modules]
    .filter(([file]) => !WIRE_SPEAKERS.some((place) => file.startsWith(place)))
    .flatMap(([file, { program }]) => wireNamesIn(program).map((name) => `${file} names ${name}`));

  expect(WIRE_NAMES.size).toBeGreaterThan(100);
  expect(violations).toEqual([]);
});

test("there are no import cycles", () => {
  const done = new Set<string>();

  const cycles = files.map((file) => cycleFrom(file, [], done)).filter(Boolean);

  expect(cycles).toEqual([]);
});

test("every exported type has a unique name", () => {
  const places = new Map<string, string[]>();
  for (const [file, { program }] of modules) {
    for (const name of exportedTypesOf(program))
      places.set(name, [...(places.get(name) ?? []), file]);
  }
  const shared = [...places].filter(([, filesOfName]) => filesOfName.length > 1);

  expect(places.size).toBeGreaterThan(100);
  expect(shared).toEqual([]);
});

test("imports contain the file extension", () => {
  const violations = imports.filter(
    (each) =>
      isRelative(each) &&
      !(/\.(tsx?|css)$/.test(each.to) && existsSync(path.join(SRC, targetOf(each)))),
  );

  expect(violations.map(show)).toEqual([]);
});

test(`no folder holds more than ${MAX_FILES_IN_A_FOLDER} files`, () => {
  const tooFull = [SRC, TEST].flatMap(foldersOf).filter((folder) => {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).length > MAX_FILES_IN_A_FOLDER;
  });

  expect(tooFull).toEqual([]);
});

test(`no file has more than ${MAX_LINES} lines`, () => {
  const tooLong = [...sources]
    .map(([file, text]) => ({ file, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > MAX_LINES);

  expect(tooLong).toEqual([]);
});
