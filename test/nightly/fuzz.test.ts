// A short run of `npm run fuzz` with a fixed seed: it must run, and find nothing.

import { spawn } from "node:child_process";
import path from "node:path";
import { expect, test } from "vitest";

const MAIN = path.join(import.meta.dirname, "../fuzz/main.ts");

async function run(...args: string[]) {
  const child = spawn(process.execPath, ["--import", "tsx", MAIN, ...args]);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (text += bytes));
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, text };
}

test("300 changed bodies, the broken streams and WebSockets find nothing", async () => {
  const { code, text } = await run("--bodies", "300", "--seed", "1");

  expect(text).toMatch(
    /seed 1: \d{3} requests, \d{3} raw streams, 3 control-token texts, 0 findings/,
  );
  expect(text).toMatch(/\d{2} WebSockets, memory from .* MB, 0 findings/);
  expect(code).toBe(0);
});

test("prints help, and refuses unknown options", async () => {
  const [help, wrong] = await Promise.all([run("--help"), run("--only", "nothing")]);

  expect([help.code, wrong.code]).toEqual([0, 1]);
  expect(help.text).toContain("--bodies");
  expect(wrong.text).toContain("--only is nothing; use one of");
});
