// `sluice launch` as a user runs it: as a process of its own, with a program on PATH that only says what it was given.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUNDLED_MAIN } from "../../support/engines/bundled-programs.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

const KEY = "a-secret-key";
const scratch = mkdtempSync(path.join(tmpdir(), "sluice-launch-test-"));
let running: RunningService;

beforeAll(async () => {
  running = await startWithFake({}, { apiKey: [KEY] });
  program("claude", "console.log(JSON.stringify({ args, env: process.env })); process.exit(7);");
  program("qwen", "console.log(process.env.QWEN_CODE_SYSTEM_SETTINGS_PATH);");
  program(
    "codex",
    'process.on("SIGTERM", () => process.exit(5)); setInterval(() => {}, 1000); console.log("up");',
  );
});
afterAll(async () => {
  await running.close();
  rmSync(scratch, { recursive: true });
});

function program(name: string, code: string): void {
  const file = path.join(scratch, name);
  writeFileSync(file, `#!${process.execPath}\nconst args = process.argv.slice(2);\n${code}\n`);
  chmodSync(file, 0o755);
}

function launch(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [BUNDLED_MAIN, "launch", ...args], {
    env: { ...process.env, SLUICE_API_KEY: KEY, PATH: scratch, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function launched(args: readonly string[], env: Record<string, string> = {}) {
  const child = launch(args, env);
  let [out, err] = ["", ""];
  child.stdout?.on("data", (part) => {
    out += part;
  });
  child.stderr?.on("data", (part) => {
    err += part;
  });
  const [code] = await once(child, "close");
  return { code, out, err };
}

test("the program gets the server's address, model and key, and its exit code is passed on", async () => {
  const { code, out, err } = await launched(["claude", "--url", running.url, "--", "-p", "Hi"]);
  const given = JSON.parse(out) as { args: string[]; env: Record<string, string> };

  expect(code).toBe(7);
  expect(given.args).toEqual(["-p", "Hi"]);
  expect(given.env).toMatchObject({ ANTHROPIC_BASE_URL: running.url, ANTHROPIC_AUTH_TOKEN: KEY });
  expect(err).toContain(`ANTHROPIC_BASE_URL=${running.url}`);
  expect(err).not.toContain(KEY);
});

test("its temporary files are gone afterwards", async () => {
  const { out } = await launched(["qwen", "--url", running.url]);

  expect(out).toMatch(/settings\.json\n$/);
  expect(existsSync(path.dirname(out.trim()))).toBe(false);
});

test("SIGTERM reaches the program, whose answer to it is the exit code", async () => {
  const child = launch(["codex", "--url", running.url]);
  if (child.stdout) await once(child.stdout, "data");
  child.kill("SIGTERM");

  expect(await once(child, "close")).toEqual([5, null]);
});

test("says in one line why it cannot start the program", async () => {
  const none = { SLUICE_API_KEY: "" };
  const errors = [
    (await launched(["gemini", "--url", running.url])).err,
    (await launched(["claude", "--url", "http://127.0.0.1:1"])).err,
    (await launched(["claude", "--url", running.url], none)).err,
  ];

  expect(errors).toEqual([
    "sluice: gemini is not installed; install it with: npm i -g @google/gemini-cli\n",
    "sluice: there is no server at http://127.0.0.1:1; start one with: sluice, or name another with --url\n",
    `sluice: ${running.url} requires an API key: give it with --key or SLUICE_API_KEY\n`,
  ]);
});
