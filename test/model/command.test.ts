// `sluice` as a user runs it: its output, its errors at the start, and its exit.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { chat, post, postSse, readAll } from "../support/clients/sse-client.ts";
import { BUILTIN_MODEL, until } from "../support/start-service.ts";

const MAIN = path.resolve(import.meta.dirname, "../../dist/main.js");
const scratch = mkdtempSync(path.join(tmpdir(), "sluice-command-"));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(scratch, { recursive: true }));

function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const output = { out: "", err: "" };
  child.stdout.on("data", (bytes) => (output.out += bytes));
  child.stderr.on("data", (bytes) => (output.err += bytes));
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  const prints = async (text: string) => {
    while (!output.out.includes(text)) {
      const more = new Promise((resolve) => child.stdout.once("data", resolve));
      await Promise.race([
        more,
        exit.then(() => Promise.reject(new Error(`it ended: ${output.err}`))),
      ]);
    }
  };
  return { child, output, exit, prints };
}

function file(name: string, content: Buffer | string): string {
  const target = path.join(scratch, name);
  writeFileSync(target, content);
  return target;
}

describe("refuses with one line and exit code 1", () => {
  const cases: readonly [string, () => string[], RegExp][] = [
    [
      "a port out of range",
      () => ["--port", "70000"],
      /--port is "70000": allowed is an integer from 0 to 65535/,
    ],
    ["an unknown flag", () => ["--prot", "1"], /--prot.*--help/],
    [
      "a host others can reach, without a key",
      () => ["--host", "0.0.0.0"],
      /--host.*--api-key.*--allow-no-key/,
    ],
    [
      "an address that is not ours",
      () => ["--host", "203.0.113.9", "--allow-no-key", "--port", "0"],
      /"203.0.113.9" is not an address of this machine; see --host and --listen/,
    ],
    [
      "a certificate that is not there",
      () => ["--tls-cert", "/nowhere/a.pem", "--tls-key", "/nowhere/b.pem"],
      /--tls-cert: cannot read \/nowhere\/a\.pem: ENOENT/,
    ],
    [
      "a missing model",
      () => ["--model", "/nowhere/x.gguf"],
      /--model: there is no file \/nowhere\/x\.gguf/,
    ],
    [
      "the address of a model",
      () => ["--model", "hf:user/repo:Q4_K_M"],
      /--model: this must be a file; download .* with: sluice pull hf:user\/repo:Q4_K_M/,
    ],
    [
      "the name of the built-in model",
      () => ["--model", "builtin"],
      /for the built-in model, leave out --model/,
    ],
    [
      "an unknown command",
      () => ["start"],
      /unknown command "start"; .*serve, node, gateway, keys, pull, list, ps, load, stop, rm, cache, launch, show, bench, doctor and health/,
    ],
    ["a folder as model", () => ["--model", scratch], /--model: .* is not a file/],
    [
      "a model that is no GGUF",
      () => ["--model", file("text.gguf", "hello")],
      /--model: .* is not a GGUF file/,
    ],
    [
      "a truncated model",
      () => [
        "--model",
        file("cut.gguf", readFileSync(BUILTIN_MODEL).subarray(0, 4_000_000)),
        "--port",
        "0",
      ],
      /cannot load .*cut\.gguf: .* is truncated/,
    ],
    [
      "an impossible GPU",
      () => ["--gpu", "metal", "--port", "0"],
      /--gpu metal cannot be used.*--gpu off/,
    ],
  ];

  test.each(cases)("%s", async (_name, args, expected) => {
    const { exit, output } = run(args());

    expect(await exit).toBe(1);
    expect(output.err).toMatch(expected);
    expect(output.err.trim().split("\n")).toHaveLength(1);
  });

  test("a port in use", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });

    const { exit, output } = run(["--port", String(port)]);

    expect(await exit).toBe(1);
    expect(output.err).toMatch(
      new RegExp(`port ${port} is already in use; pick another with --port or --listen`),
    );
    server.close();
  });
});

test("prints the options with --help", async () => {
  const { exit, output } = run(["--help"]);

  expect(await exit).toBe(0);
  for (const flag of [
    "--model",
    "--alias",
    "--slots",
    "--queue-timeout",
    "--heartbeat",
    "--log-format",
  ]) {
    expect(output.out).toContain(flag);
  }
});

test("show describes a model without loading it", async () => {
  const { output, exit } = run(["show", BUILTIN_MODEL]);

  expect(await exit).toBe(0);
  expect(output.err).toBe("");
  expect(output.out).toMatch(/Trained context +4096 tokens\n/);
  expect(output.out).toMatch(/Tool call format +hermes\n/);
  expect(output.out).toMatch(/Reasoning +format think; a request can switch it\n/);
});

test("prints its address, its device and a command to paste, and that address streams", async () => {
  const { output, prints } = run(["serve", "--gpu", "off"], {
    SLUICE_PORT: "0",
    SLUICE_THREADS: "1",
  });
  await prints("curl -N");

  const [, base] = /OPENAI_BASE_URL=(\S+)/.exec(output.out) ?? [];

  expect(output.out).toMatch(
    /sluice serves builtin on CPU, 1 thread, 4096 tokens of context in each of 4 slots/,
  );
  expect(output.out).toContain("OPENAI_API_KEY=");
  const { isDone } = await readAll(
    await postSse(`${base}/chat/completions`, chat({ stream: true })),
  );
  expect(isDone).toBe(true);
});

test("accepts a key that the keys command made, and refuses others", async () => {
  const file = path.join(scratch, "keys.json");
  const adding = run(["keys", "add", "alice", "--keys-file", file]);
  expect(await adding.exit).toBe(0);
  const [, key] = /^alice: (\S+)/.exec(adding.output.out) ?? [];
  const { output, prints } = run(["--gpu", "off", "--port", "0", "--keys-file", file]);
  await prints("curl -N");
  const [, base] = /OPENAI_BASE_URL=(\S+)/.exec(output.out) ?? [];

  const ask = (authorization: string) =>
    post(`${base}/chat/completions`, chat(), { authorization });

  expect(output.out).toContain("authorization: Bearer YOUR_KEY");
  expect((await ask(`Bearer ${key}`)).status).toBe(200);
  expect((await ask("Bearer sluice-unknown")).status).toBe(401);
});

test("after SIGTERM a stream finishes, the exit code is 0, and no worker is left behind", async () => {
  const { child, output, prints, exit } = run(["--gpu", "off", "--port", "0", "--threads", "1"]);
  await prints("curl -N");
  const [, base] = /OPENAI_BASE_URL=(\S+)/.exec(output.out) ?? [];
  const body = chat({ stream: true, max_tokens: 200, ignore_eos: true });
  const reading = readAll(await postSse(`${base}/chat/completions`, body));

  child.kill("SIGTERM");

  const { isDone, chunks } = await reading;
  expect(isDone).toBe(true);
  expect(chunks.at(-1)?.timings?.generated_tokens).toBe(200);
  expect(await exit).toBe(0); // `close` comes only when the worker, which shares the output, is gone too
});

test.each(["text", "json"])(
  "SIGTERM ends it even when its log is no longer read (%s)",
  async (format) => {
    const { child, prints } = run(["--gpu", "off", "--port", "0", "--log-format", format]);
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    await prints(format === "json" ? '"ready"' : "curl -N");

    child.stdout.destroy();
    child.kill("SIGTERM"); // makes it write a line to its log

    expect(await ended).toBe(0);
  },
);

test("a second signal ends it at once", async () => {
  const { child, output, prints, exit } = run(["--gpu", "off", "--port", "0", "--threads", "1"]);
  await prints("curl -N");
  const [, base] = /OPENAI_BASE_URL=(\S+)/.exec(output.out) ?? [];
  const answer = await postSse(
    `${base}/chat/completions`,
    chat({ stream: true, max_tokens: 3000, ignore_eos: true }),
  );

  child.kill("SIGINT");
  await prints("may finish for up to 30 s");
  child.kill("SIGINT"); // too soon: the same key press, forwarded by npm
  const beforeMs = performance.now();
  await until(() => performance.now() - beforeMs > 400, "a second press is another one");
  child.kill("SIGINT");

  expect(await exit).toBe(1);
  answer.leave();
});

test("a server killed during an endless computation leaves no worker behind", async () => {
  const flags = ["--gpu", "off", "--port", "0", "--threads", "1", "--allow-grammar"];
  const { child, output, prints } = run(flags);
  await prints("curl -N");
  const [, base] = /OPENAI_BASE_URL=(\S+)/.exec(output.out) ?? [];
  const found = execFileSync("pgrep", ["-P", `${child.pid}`], { encoding: "utf8" });
  const worker = Number(found);
  // After each letter three continuations are possible, and llama.cpp tracks all of them.
  const grammar = 'root ::= [a-z] root "b" | [a-z] root "c" | [a-z] root "d" | "a"';
  const asked = chat({ grammar, max_tokens: 60, temperature: 1 });
  post(`${base}/chat/completions`, asked).catch(() => {}); // the server is killed
  const beforeMs = performance.now();
  await until(() => performance.now() - beforeMs > 2_000, "the worker is busy with the grammar");

  child.kill("SIGKILL");

  await until(() => !isRunning(worker), "the worker is gone");
});

/** A zombie, which only its new parent can remove, does not run. */
function isRunning(pid: number): boolean {
  const state = execFileSync("ps", ["-A", "-o", "pid=,stat="], { encoding: "utf8" });
  return new RegExp(`^\\s*${pid}\\s+[^Z\\s]`, "m").test(state);
}
