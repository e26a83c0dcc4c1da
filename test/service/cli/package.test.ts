// The package as `npm pack` makes it: unpacked into a folder of its own, beside links to the packages that npm would install
// with it. Needs no network.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { parseSync } from "oxc-parser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const scratch = mkdtempSync(path.join(tmpdir(), "sluice-package-"));
const MODULES = path.join(scratch, "node_modules");
const PACKAGE = path.join(MODULES, "sluice");
const MAIN = path.join(PACKAGE, "dist/main.js");
const run = promisify(execFile);
let files: readonly string[] = [];

beforeAll(async () => {
  const flags = ["--ignore-scripts", "--json", "--pack-destination", scratch];
  const { stdout } = await run("npm", ["pack", ...flags], { cwd: ROOT, maxBuffer: 2 ** 24 });
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  files = packed.files.map((each) => each.path);
  await run("tar", ["-xzf", packed.filename], { cwd: scratch });
  linkPackages();
  renameSync(path.join(scratch, "package"), PACKAGE);
}, 120_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

type LockedPackage = { readonly dev?: boolean };

/** The dependencies, and the types that a TypeScript program with Express installs by itself. */
function linkPackages(): void {
  const lock = readFileSync(path.join(ROOT, "package-lock.json"), "utf8");
  const { packages } = JSON.parse(lock) as { packages: Record<string, LockedPackage> };
  for (const [folder, { dev }] of Object.entries(packages)) {
    const name = folder.replace(/^node_modules\//, "");
    const isOfProgram = name.startsWith("@types/") || name === "undici-types";
    if (name === "" || name.includes("node_modules/") || (dev && !isOfProgram)) continue;
    if (!existsSync(path.join(ROOT, folder))) continue; // for another system
    mkdirSync(path.dirname(path.join(MODULES, name)), { recursive: true });
    symlinkSync(path.join(ROOT, folder), path.join(MODULES, name));
  }
}

function sluice(...args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: scratch, NO_COLOR: "1" };
  return run(process.execPath, [MAIN, ...args], { cwd: scratch, env }).then(
    ({ stdout, stderr }) => stdout + stderr,
    ({ stdout, stderr }) => stdout + stderr,
  );
}

test("contains the compiled program, its types, the page, the built-in model and the files for proxies and service managers, and nothing else", () => {
  const allowed =
    /^(LICENSE|README\.md|package\.json|deploy\/(Caddyfile|nats\.conf|nginx\.conf|org\.sluice\.plist|grafana-dashboard\.json|prometheus-rules\.yml|sluice\.(service|socket))|models\/(builtin\.gguf|MODEL_CARD\.md)|dist\/web\/[\w./-]+\.(html|m?js|css|svg|png|webmanifest|woff2|bcmap|md)(\.br|\.gz)?|dist\/docs\/[\w.-]+|dist\/(?!web\/)[\w/-]+\.(js|d\.ts))$/;

  expect(files.filter((file) => !allowed.test(file))).toEqual([]);
  expect(files).toEqual(
    expect.arrayContaining([
      "LICENSE",
      "README.md",
      ...[
        "Caddyfile",
        "nats.conf",
        "nginx.conf",
        "org.sluice.plist",
        "sluice.service",
        "sluice.socket",
      ].map((name) => `deploy/${name}`),
      "dist/main.js",
      "dist/service.d.ts",
      "dist/worker/main.js",
      "dist/worker/embedding-main.js",
      "dist/worker/prompt/template/render-main.js",
      "dist/compile/thread-main.js",
      "dist/web/index.html",
      "dist/docs/index.html",
      "dist/docs/swagger-ui-bundle.js",
      "dist/docs/LICENSE",
      "models/builtin.gguf",
    ]),
  );
});

function importsOf(text: string): string[] {
  const { staticImports, dynamicImports } = parseSync("module.js", text).module;
  return [
    ...staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...dynamicImports.map(({ moduleRequest: { start, end } }) => text.slice(start + 1, end - 1)),
  ];
}

test("imports only packages that are installed with it", () => {
  const manifest = readFileSync(path.join(PACKAGE, "package.json"), "utf8");
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  const imported = files
    .filter((file) => /^dist\/(?!web\/).*\.js$/.test(file))
    .flatMap((file) => importsOf(readFileSync(path.join(PACKAGE, file), "utf8")))
    .filter((name) => !/^(\.|node:)/.test(name) && !builtinModules.includes(name))
    .map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? "");

  expect([...new Set(imported)].filter((name) => !(name in dependencies))).toEqual([]);
  expect(imported).toEqual(expect.arrayContaining(["express", "node-llama-cpp"]));
});

describe.concurrent("the installed command", { timeout: 60_000 }, () => {
  test.each<[string[], RegExp]>([
    [["--version"], /^\d+\.\d+\.\d+\n$/],
    [["--help"], /^Sluice serves .*\n/],
    [["keys", "add", "alice"], /^alice: sluice-/],
    [["keys", "list", "--keys-file", "none.json"], /^sluice: there is no keys file none\.json/],
    [["pull", "--help"], /usage: sluice pull MODEL/],
    [["pull", "http://127.0.0.1:1/x.gguf"], /sluice: cannot reach 127\.0\.0\.1:1\n$/],
  ])("answers %j", async (args, expected) => {
    expect(await sluice(...args)).toMatch(expected);
  });

  test("serves the built-in model and the page", async () => {
    const args = ["--port", "0", "--gpu", "off", "--threads", "1", "--log-level", "silent"];
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: scratch });
    const ended = once(child, "close");
    let out = "";
    child.stdout.on("data", (bytes) => {
      out += bytes;
    });
    while (!out.includes("curl -N")) await once(child.stdout, "data");
    const [, url = ""] = /at (http:\S+)/.exec(out) ?? [];

    const page = await fetch(url, { headers: { accept: "text/html" } });
    const body = JSON.stringify({ messages: [{ role: "user", content: "Hi" }], max_tokens: 1 });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });

    expect(await page.text()).toContain("<script");
    expect(answer.status).toBe(200);
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
});

const HOST_PROGRAM = `import express from "express";
import { type Config, createService, type Service } from "sluice";

const settings: Partial<Config> = { slots: 2, queueTimeoutMs: 5_000, logLevel: "silent" };
// @ts-expect-error: there is no such setting
export const wrong: Partial<Config> = { slotz: 2 };
const service: Service = createService(settings);
const waiting: number = service.queue.waiting;
const host = express();
host.use("/llm", service.app);
host.get("/", (_request, response) => void response.send("the host"));
const server = host.listen(0, "127.0.0.1", async () => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const lines: string[] = [String(waiting)];
  for (const path of ["/", "/llm/health", "/llm/v1/models", "/llm/v1/ws", "/v1/models"]) {
    const response = await fetch(\`http://127.0.0.1:\${port}\${path}\`);
    lines.push(\`\${path} \${response.status} \${(await response.text()).slice(0, 15)}\`);
  }
  console.log(lines.join("\\n"));
  await service.close();
  server.close();
});
`;

test("its types fit a strict program, which mounts the service in its own Express app", async () => {
  writeFileSync(path.join(scratch, "package.json"), '{ "type": "module" }');
  writeFileSync(path.join(scratch, "host.ts"), HOST_PROGRAM);
  const compiler = path.join(ROOT, "node_modules/typescript/bin/tsc");
  const options = "--strict --module nodenext --target es2023 --types node --ignoreConfig";

  await run(process.execPath, [compiler, ...options.split(" "), "host.ts"], { cwd: scratch });
  const { stdout } = await run(process.execPath, ["host.js"], { cwd: scratch });

  expect(stdout.split("\n")).toEqual([
    "0",
    "/ 200 the host",
    '/llm/health 200 {"status":"ok"}',
    '/llm/v1/models 200 {"object":"list',
    '/llm/v1/ws 426 {"error":{"mess',
    expect.stringMatching(/^\/v1\/models 404 <!DOCTYPE html>/),
    "",
  ]);
}, 60_000);
