// The server and its workers open no outbound connection: a trace of the kernel over a run with start, load, chat, embeddings, a
// crash of the worker, and stop.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chat, post, postSse } from "../support/clients/sse-client.ts";
import { findProgram } from "../support/programs/debian-program.ts";
import { until } from "../support/start-service.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** The built server: the compiler used in development also opens sockets. */
const MAIN = path.join(ROOT, "dist/main.js");
const folder = mkdtempSync(path.join(tmpdir(), "sluice-strace-"));
afterAll(() => rmSync(folder, { recursive: true }));
const strace = process.platform === "linux" ? findStrace() : null;

function findStrace(): string | null {
  const found = findProgram({ name: "strace", file: "usr/bin/strace", versionFlag: "-V", folder });
  try {
    if (found) execFileSync(found, ["-o", "/dev/null", "true"], { stdio: "pipe" });
    return found;
  } catch {
    console.warn(
      "SKIPPED: the test that nothing is sent to other machines, because this machine does not allow tracing",
    );
    return null;
  }
}

/** Traces a process and all its children; the opened connections are known when it has ended. */
function traced(name: string, args: readonly string[]) {
  const log = path.join(folder, `${name}.txt`);
  const options = ["-f", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", log];
  // The shell prints its process id, and then becomes the process.
  const shell = ["sh", "-c", 'echo "pid $$"; exec "$@"', "sh", process.execPath, ...args];
  const child = spawn(strace ?? "", [...options, ...shell], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes) => (output.text += bytes));
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    output,
    exit,
    pid: () => Number(/^pid (\d+)$/m.exec(output.text)?.[1]),
    opened: () => addressesIn(readFileSync(log, "utf8")),
  };
}

/** `connect(18, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16)`. A plain send has no address. */
function addressesIn(text: string): string[] {
  const found = [...text.matchAll(/\b(connect|send\w+)\(.*?\{(sa_family=AF_\w+[^}]*)\}/g)];
  return found.map(([, call, address]) => `${call} ${address}`);
}

/** The C library asks the machine's own name service, if there is one. */
const NAME_SERVICE = /AF_UNIX.*nscd/;

function workerOf(pid: number): number {
  const children = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(pid)], {
    encoding: "utf8",
  });
  const line = children.split("\n").find((each) => each.includes("worker/main"));
  return Number.parseInt(line ?? "", 10);
}

describe.skipIf(strace === null)("in a trace of the kernel", () => {
  beforeAll(() => {
    execFileSync(process.execPath, [path.join(ROOT, "scripts/build-if-stale.mjs")]);
  });

  test("an opened connection is seen", async () => {
    const script = 'require("net").connect(9, "127.0.0.1").on("error", () => {})';
    const run = traced("control", ["-e", script]);
    await run.exit;

    expect(run.opened().filter((each) => each.includes("AF_INET"))).toEqual([
      expect.stringContaining("htons(9)"),
    ]);
  });

  test("the server opens none, from start to end", { timeout: 120_000 }, async () => {
    const run = traced("server", [MAIN, "--port", "0", "--gpu", "off", "--threads", "1"]);
    await until(() => /http:\/\/127[^\s"]+/.test(run.output.text), "it listens");
    const [url = ""] = /http:\/\/127[^\s"]+/.exec(run.output.text) ?? [];
    await until(async () => (await fetch(`${url}/ready`)).ok, "it is ready");
    expect((await post(`${url}/v1/embeddings`, { input: "Hi" })).status).toBe(200);
    const { events } = await postSse(
      `${url}/v1/chat/completions`,
      chat({ stream: true, max_tokens: 200, ignore_eos: true }),
    );
    let frames = 0;
    for await (const event of events) {
      if (event.type === "frame") frames += 1;
      if (frames === 10) process.kill(workerOf(run.pid()), "SIGKILL");
    }
    expect(frames).toBeGreaterThan(11); // it continued in the next worker
    process.kill(run.pid(), "SIGTERM");
    await run.exit;

    const opened = run.opened();
    console.log(
      `${opened.length} connections opened, ${opened.filter((each) => NAME_SERVICE.test(each)).length} of them to the machine's name service`,
    );
    expect(opened.filter((each) => !NAME_SERVICE.test(each))).toEqual([]);
  });
});
