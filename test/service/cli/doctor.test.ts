// `sluice doctor` as a user runs it, in this process: its report, its exit code, and the check through a proxy.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runDoctor } from "../../../src/cli/doctor/doctor.ts";
import type { Finding } from "../../../src/cli/doctor/finding.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let printed: string[] = [];
let running: RunningService | undefined;
const ends: (() => void)[] = [];
beforeEach(() => {
  printed = [];
  vi.spyOn(console, "log").mockImplementation((text) => void printed.push(text));
});
afterEach(async () => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  for (const end of ends.splice(0)) end();
  await running?.close();
  running = undefined;
});

const SLOW = { texts: ["word "], tokens: Number.POSITIVE_INFINITY, tokenMs: 10 };
/** Settings that are refused, so that only the machine and the address are checked. */
const NO_SETTINGS = ["--port", "x"];

async function findingsOf(args: readonly string[], env = {}): Promise<readonly Finding[]> {
  await runDoctor([...args, "--json"], env);
  const report = JSON.parse(printed.at(-1) ?? "") as { sluice: string; findings: Finding[] };
  expect(report).toMatchObject({ sluice: expect.any(String), node: process.versions.node });
  return report.findings;
}

const levelOf = (findings: readonly Finding[], check: string) =>
  findings.filter((each) => each.check === check).map(({ level }) => level);

/** A proxy that sends an answer when it has all of it; after some streams it passes on what comes. */
async function startBufferingProxy(base: string, streams = Infinity): Promise<string> {
  const { hostname, port } = new URL(base);
  let left = streams;
  const server = createServer((incoming, outgoing) => {
    const { method, url: target, headers } = incoming;
    const onward = request({ hostname, port, method, path: target, headers }, async (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      const isStream = answer.headers["content-type"]?.startsWith("text/event-stream") ?? false;
      if (isStream && left-- <= 0) answer.pipe(outgoing);
      else outgoing.end(await buffer(answer));
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("checks the machine and the built-in model, and ends with 0", async () => {
  await runDoctor(["--port", "0"], {});

  const text = printed.join("\n");
  expect(text).toMatch(/^Sluice \d/);
  expect(text).toMatch(/^ok {7}model builtin +fits: .* on CPU$/m);
  expect(text).toMatch(/^Found /m);
  expect(process.exitCode).toBeUndefined();
});

test("an address that another program has is a problem, and the exit code is 1", async () => {
  const other = createTcpServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  ends.push(() => other.close());
  const { port } = other.address() as AddressInfo;
  const args = ["--port", String(port), "--model", "/nowhere.gguf"];

  expect(levelOf(await findingsOf(args), "address")).toEqual(["problem"]);
  expect(process.exitCode).toBe(1);
});

test("an address where Sluice runs already is a note", async () => {
  running = await startWithFake();
  const args = ["--port", new URL(running.url).port, "--model", "/nowhere.gguf"];

  expect(levelOf(await findingsOf(args), "address")).toEqual(["note"]);
});

test("a Unix socket on which Sluice runs already is a note", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-doctor-"));
  ends.push(() => rmSync(folder, { recursive: true }));
  const address = `unix:${path.join(folder, "s")}`;
  running = await startWithFake({}, { listen: [address] });
  const args = ["--listen", address, "--model", "/nowhere.gguf"];

  expect(levelOf(await findingsOf(args), "address")).toEqual(["note"]);
});

test("a Unix socket of a server that has ended is no problem, and one in use is", async () => {
  const socket = path.join(mkdtempSync(path.join(tmpdir(), "sluice-doctor-")), "s");
  ends.push(() => rmSync(path.dirname(socket), { recursive: true }));
  const script = `require("net").createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", script]);
  const args = ["--listen", `unix:${socket}`, "--model", "/nowhere.gguf"];
  expect(levelOf(await findingsOf(args), "address")).toEqual(["ok"]);

  rmSync(socket);
  const other = createTcpServer((each) => each.destroy());
  await new Promise<void>((resolve) => other.listen(socket, resolve));
  ends.push(() => other.close());
  expect(levelOf(await findingsOf(args), "address")).toEqual(["problem"]);
});

test("invalid settings are one problem, and the machine is checked all the same", async () => {
  const findings = await findingsOf(NO_SETTINGS);

  expect(levelOf(findings, "Node.js")).toEqual(["ok"]);
  expect(findings.find(({ check }) => check === "settings")).toMatchObject({
    level: "problem",
    message: expect.stringContaining('--port is "x"'),
  });
});

test("finds a proxy that buffers streams, and none where tokens come one by one", async () => {
  running = await startWithFake(SLOW, { apiKey: ["the-secret"] });
  const buffering = await startBufferingProxy(running.url);
  const key = { SLUICE_API_KEY: "the-secret" };
  const through = async (url: string) =>
    levelOf(await findingsOf([...NO_SETTINGS, "--through", url], key), "streaming");

  expect(await through(running.url)).toEqual(["ok"]);
  expect(await through(`${buffering}/v1/`)).toEqual(["problem"]);
  expect(printed.join("")).toContain("proxy_buffering off");
  expect(printed.join("")).not.toContain("the-secret");
});

test("one answer that came at once says nothing, as on a busy machine", async () => {
  running = await startWithFake(SLOW);
  const proxy = await startBufferingProxy(running.url, 1);

  expect(levelOf(await findingsOf([...NO_SETTINGS, "--through", proxy]), "streaming")).toEqual([
    "ok",
  ]);
});

test("says why nothing comes through", async () => {
  running = await startWithFake({}, { apiKey: ["the-secret"] });
  const through = async (...args: string[]) =>
    (await findingsOf([...NO_SETTINGS, ...args])).at(-1)?.message;

  expect(await through("--through", running.url, "--key=wrong")).toContain("another API key");
  expect(await through("--through=http://127.0.0.1:1")).toContain("does not answer");
});

test.each([
  [["--through"], "--through requires a value"],
  [["--through", "example.org"], '--through is "example.org": allowed is an address'],
  [["--version"], "doctor takes the options of a server, not --version"],
])("refuses %j", async (args, message) => {
  await expect(runDoctor(args, {})).rejects.toThrow(message);
});
