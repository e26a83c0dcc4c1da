// Uncaught errors in a real process: the command keeps running, or drains and exits so that its supervisor restarts it.

import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { chat, postSse, readAll } from "../support/clients/sse-client.ts";
import { metric, until } from "../support/start-service.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** Throws outside of every request, like a callback of Node. */
const FAULTS = `
  import { EventEmitter } from "node:events";
  const faults = {
    SIGUSR2: () => setTimeout(() => { throw new Error("secret words"); }, 1),
    SIGWINCH: () => void Promise.reject(new Error("secret words")),
    SIGURG: () => new EventEmitter().emit("error", Object.assign(new Error("x"), { syscall: "read" })),
    SIGIO: () => setImmediate(() => {
      const error = new Error("secret words");
      error.stack += "\\n    at add (file:///app/dist/queue/fair-share.js:1:1)";
      throw error;
    }),
  };
  for (const [signal, fault] of Object.entries(faults)) process.on(signal, fault);
`;

let child: ChildProcess | undefined;
afterEach(() => child?.kill("SIGKILL"));

async function start() {
  const faults = `data:text/javascript,${encodeURIComponent(FAULTS)}`;
  const flags = ["--port", "0", "--gpu", "off", "--log-format", "json"];
  const args = ["--import", faults, path.join(ROOT, "dist/main.js"), ...flags];
  const started = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  child = started;
  let log = "";
  started.stdout.on("data", (bytes) => (log += bytes));
  const exit = new Promise<number | null>((resolve) => started.once("close", resolve));
  const lines = () =>
    log
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  await until(() => lines().some(({ msg }) => msg === "ready"), "it is ready");
  const url = String(lines().find(({ msg }) => msg === "ready")?.url);
  return { url, exit, lines, kill: (signal: NodeJS.Signals) => started.kill(signal) };
}

test("keeps running after errors of timers, promises and emitters: they are counted, logged without their messages, and end no stream", async () => {
  const { url, lines, kill } = await start();
  const answer = await postSse(
    `${url}/v1/chat/completions`,
    chat({ stream: true, max_tokens: 300, ignore_eos: true }),
  );

  const faults = ["SIGUSR2", "SIGWINCH", "SIGURG"] as const;
  for (const [index, signal] of faults.entries()) {
    kill(signal);
    await until(
      async () => (await metric(url, "sluice_uncaught_total")) === index + 1,
      `${signal} is counted`,
    );
  }

  expect((await readAll(answer)).isDone).toBe(true);
  const bugs = lines().filter(({ msg }) => msg === "bug");
  expect(bugs.map(({ stack }) => String(stack).includes("    at "))).toEqual([true, true, true]);
  expect(JSON.stringify(bugs)).not.toContain("secret words");
});

test("drains and exits with 1 after an error in code with state that all requests share", async () => {
  const { url, exit, lines, kill } = await start();
  const answer = await postSse(
    `${url}/v1/chat/completions`,
    chat({ stream: true, max_tokens: 300, ignore_eos: true }),
  );

  kill("SIGIO");

  expect((await readAll(answer)).isDone).toBe(true);
  expect(await exit).toBe(1);
  expect(lines().some(({ msg }) => String(msg).startsWith("draining after an error"))).toBe(true);
});
