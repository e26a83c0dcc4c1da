// list, ps, load, stop and rm as a user runs them, against a server that only knows the paths that they use.

import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ListedMeta } from "../../../src/cli/server/served-models.ts";
import { closeModelServers, listen } from "../../support/downloads/model-server.ts";
import { BUNDLED_MAIN } from "../../support/engines/bundled-programs.ts";

const NO_SERVER = "http://127.0.0.1:1";
const KEY = "a-secret-key";
const scratch = mkdtempSync(path.join(tmpdir(), "model-commands-"));

afterAll(() => {
  closeModelServers();
  rmSync(scratch, { recursive: true, force: true });
});

type Fleet = Record<string, ListedMeta>;

/**
 * A server with these models, for one key. Each time the models are listed, those that are loading get ready and those that are
 * unloading are unloaded, and the request for that is answered.
 */
async function serveFleet(models: Fleet) {
  const calls: string[] = [];
  const looks = new EventEmitter();
  const url = await listen(async (request, response) => {
    const answer = (status: number, body: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    const refuse = (status: number, message: string) => answer(status, { error: { message } });
    if (request.headers.authorization !== `Bearer ${KEY}`) return refuse(401, "no key");
    const described = (id: string) => ({ id, object: "model", meta: models[id] });
    let text = "";
    for await (const chunk of request) text += chunk;
    const { method, url: target = "" } = request;
    if (method !== "GET") calls.push(`${method} ${target}`);
    if (method === "GET" && target === "/v1/models") {
      answer(200, { object: "list", data: Object.keys(models).map(described) });
      for (const [id, meta] of Object.entries(models)) models[id] = { ...meta, state: next(meta) };
      looks.emit("look");
      return;
    }
    const id = method === "DELETE" ? decodeURIComponent(target.slice(11)) : JSON.parse(text).model;
    const meta = models[id];
    if (!meta) return refuse(404, `there is no model ${id}`);
    if (method === "DELETE") {
      delete models[id];
      return answer(200, { id, object: "model", deleted: true });
    }
    if (id === "broken") return refuse(503, "cannot load broken: it is truncated");
    const [passing, end] = target.endsWith("/load")
      ? ["loading", "ready"]
      : ["unloading", "unloaded"];
    if (meta.state !== end) models[id] = { ...meta, state: passing };
    while (models[id]?.state !== end) await once(looks, "look");
    return answer(200, described(id));
  });
  return { url, calls, models };
}

function next({ state }: ListedMeta): string {
  if (state === "loading") return "ready";
  return state === "unloading" ? "unloaded" : (state ?? "unloaded");
}

async function sluice(args: readonly string[], { cwd = scratch, env = {} } = {}) {
  const child = spawn(process.execPath, [BUNDLED_MAIN, ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: scratch, SLUICE_API_KEY: KEY, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (output.stderr += text));
  const [code] = await once(child, "close");
  return { code: code as number | null, ...output };
}

/** A working folder whose models/ holds these. */
function folderWith(names: readonly string[]): string {
  const cwd = mkdtempSync(path.join(scratch, "cwd-"));
  mkdirSync(path.join(cwd, "models"));
  for (const name of names) writeFileSync(path.join(cwd, "models", name), "GGUF");
  return cwd;
}

describe.concurrent("list", () => {
  it("lists the folder without a server, and says how to fill an empty one", async () => {
    const cwd = folderWith(["hf_u_m.gguf"]);
    const [full, empty] = await Promise.all([
      sluice(["list", "--url", NO_SERVER], { cwd }),
      sluice(["ls", "--url", NO_SERVER, "--dir", "nothing"], { cwd }),
    ]);

    expect(full).toMatchObject({ code: 0, stderr: "" });
    expect(full.stdout).toMatch(
      /^NAME\s+SIZE\s+MODIFIED\s+STATE\nu_m\s+0\.0 MB\s+\d+ seconds? ago\s+-\n$/,
    );
    expect(empty.stdout).toBe(
      "there is no model in nothing; download one: sluice pull qwen3:4b (all short names: sluice list --catalog)\n",
    );
  });

  it("shows the states of a running server, also as JSON", async () => {
    const { url } = await serveFleet({ m: { state: "ready" }, other: { state: "unloaded" } });
    const cwd = folderWith(["m.gguf", "new.gguf"]);
    const { stdout } = await sluice(["list", "--url", url, "--json"], { cwd });

    const { models } = JSON.parse(stdout) as { models: object[] };
    const file = path.join(cwd, "models", "m.gguf");
    expect(models[0]).toMatchObject({ name: "m", file, size: 4, state: "ready", problem: null });
    expect(models[1]).toMatchObject({ name: "new", state: null });
    expect(models[2]).toMatchObject({ name: "other", file: null, size: null, state: "unloaded" });
  });

  it("adds the models that only the server has, once each, and says why one failed", async () => {
    const { url } = await serveFleet({
      m: { state: "ready" },
      chat: { state: "ready", aliases: ["gpt-4o"], size: 2.5e9 },
      "gpt-4o": { state: "ready", aliases: ["chat"], size: 2.5e9 },
      broken: { state: "failed", reason: "it is truncated\ntry again" },
    });
    const { stdout } = await sluice(["list", "--url", url], { cwd: folderWith(["m.gguf"]) });

    expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["NAME", "SIZE", "MODIFIED", "STATE"],
      ["m", "0.0 MB", expect.stringMatching(/ago$/), "ready"],
      ["chat", "2.50 GB", "-", "ready"],
      ["broken", "-", "-", "failed: it is truncated"],
      [""],
    ]);
  });

  it("lists the folder even if the server refuses the key", async () => {
    const { url } = await serveFleet({});
    const listed = await sluice(["list", "--url", url, "--key", "wrong"], {
      cwd: folderWith(["m.gguf"]),
    });

    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining("m ") });
    expect(listed.stderr).toMatch(/^sluice: the states are not known: .* refused the API key/);
  });

  it("prints the catalog", async () => {
    const { stdout } = await sluice(["list", "--catalog"]);

    expect(stdout).toMatch(/^NAME\s+SIZE\s+CONTEXT\s+LICENCE\s+GOOD FOR\nqwen3:4b\s+2\.50 GB/);
  });
});

describe.concurrent("ps, load and stop", () => {
  it("ps shows what is loaded", async () => {
    const { url } = await serveFleet({
      big: {
        state: "ready",
        n_ctx: 8192,
        slots: 4,
        memory: { ram: 1.5e9, vram: 8e9 },
        busy: 2,
        waiting: 1,
        pinned: true,
      },
      cold: { state: "unloaded" },
    });
    const { stdout } = await sluice(["ps", "--url", url]);

    expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["NAME", "STATE", "MEMORY", "CONTEXT", "BUSY", "UNTIL"],
      ["big", "ready", "1.50 GB RAM + 8.00 GB VRAM", "8192 x 4", "2, 1 waiting", "pinned"],
      [""],
    ]);
  });

  it("ps asks a server on a Unix socket", async () => {
    const { url } = await serveFleet({ m: { state: "ready" } });
    const socket = path.join(scratch, "sluice.sock");
    const server = createServer((client) => {
      const target = connect({ host: "127.0.0.1", port: Number(new URL(url).port) });
      client.pipe(target).pipe(client);
    }).listen(socket);
    const [there, gone] = await Promise.all([
      once(server, "listening").then(() => sluice(["ps", "--url", `unix:${socket}`])),
      sluice(["ps", "--url", "unix:/nowhere/a.sock"]),
    ]);
    server.close();

    expect(there).toMatchObject({ code: 0, stdout: expect.stringMatching(/^m +ready/m) });
    expect(gone).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^sluice: there is no server at unix:\/nowhere\/a\.sock; /),
    });
  });

  it("ps says that nothing is loaded, and prints JSON", async () => {
    const { url } = await serveFleet({ cold: { state: "unloaded" } });

    expect((await sluice(["ps", "--url", url])).stdout).toContain(`no model is loaded at ${url}`);
    expect(JSON.parse((await sluice(["ps", "--json", "--url", url])).stdout)).toEqual({
      models: [],
    });
  });

  it("load waits until the model is ready", async () => {
    const { url, calls } = await serveFleet({
      m: { state: "unloaded", load_ms: 2300, n_ctx: 4096, slots: 1 },
    });
    const loaded = await sluice(["load", "m", "--url", url]);

    expect(loaded).toEqual({
      code: 0,
      stdout: "m is ready, loaded in 2.3 s, 4096 tokens of context in 1 slot\n",
      stderr: "sluice: m is loading\n",
    });
    expect(calls).toEqual(["POST /v1/models/load"]);
  });

  it("stop waits for the running requests", async () => {
    const { url, models } = await serveFleet({ m: { state: "ready", busy: 2 } });
    const stopped = await sluice(["stop", "m", "--url", url]);

    expect(stopped).toEqual({
      code: 0,
      stdout: "unloaded m\n",
      stderr: "sluice: waiting for 2 running requests of m to finish\n",
    });
    expect(models.m?.state).toBe("unloaded");
  });

  it("stop says that a model was not loaded", async () => {
    const { url } = await serveFleet({ m: { state: "unloaded" } });

    expect(await sluice(["stop", "m", "--url", url])).toEqual({
      code: 0,
      stdout: "m was not loaded\n",
      stderr: "",
    });
  });

  it.for([
    [["load", "broken"], "cannot load broken: it is truncated"],
    [["load", "missing"], "there is no model missing"],
    [["stop"], "stop takes one model: sluice stop NAME (see sluice stop --help)"],
    [["ps", "x"], "ps takes no name (see sluice ps --help)"],
    [
      ["ps", "--key", "wrong"],
      "URL refused the API key: give a valid one with --key or SLUICE_API_KEY",
    ],
    [["ps", "--all"], "Unknown option '--all' (see sluice ps --help)"],
  ] as const)("%j fails with one line", async ([args, message]) => {
    const { url } = await serveFleet({ broken: {} });

    expect(await sluice([...args, "--url", url])).toEqual({
      code: 1,
      stdout: "",
      stderr: `sluice: ${message.replace("URL", url)}\n`,
    });
  });

  it.for(["ps", "load m", "stop m"])("%s says that there is no server", async (words) => {
    expect(await sluice([...words.split(" "), "--url", NO_SERVER])).toEqual({
      code: 1,
      stdout: "",
      stderr: `sluice: there is no server at ${NO_SERVER}; start one with: sluice, or name another with --url\n`,
    });
  });

  it.for([
    ...["pull", "list", "ls", "show", "ps", "load", "stop", "rm"],
    ...["bench", "cache", "doctor", "health", "launch"],
  ])("%s explains itself", async (name) => {
    const { code, stdout } = await sluice([name, "--help"]);

    expect(code).toBe(0);
    expect(stdout).toMatch(/usage: sluice \w+/);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});

describe.concurrent("rm", () => {
  it("deletes all parts of a model when there is no server", async () => {
    const cwd = folderWith(["m-00001-of-00002.gguf", "m-00002-of-00002.gguf", "x.gguf"]);
    const removed = await sluice(["rm", "m", "--url", NO_SERVER, "--yes"], { cwd });

    expect(removed).toEqual({ code: 0, stdout: "removed m (0.0 MB)\n", stderr: "" });
    expect(readdirSync(path.join(cwd, "models"))).toEqual(["x.gguf"]);
  });

  it("has the server delete what the server offers", async () => {
    const { url, calls } = await serveFleet({ "team/m": { state: "ready" } });
    const removed = await sluice(["rm", "team/m", "--url", url, "--yes"]);

    expect(removed).toEqual({ code: 0, stdout: "removed team/m\n", stderr: "" });
    expect(calls).toEqual(["DELETE /v1/models/team%2Fm"]);
  });

  it("deletes from the folder what the server does not offer", async () => {
    const { url, calls } = await serveFleet({ other: {} });
    const cwd = folderWith(["m.gguf.ipull"]);
    const { code } = await sluice(["rm", "m", "--url", url, "--yes"], { cwd });

    expect({ code, calls, left: readdirSync(path.join(cwd, "models")) }).toEqual({
      code: 0,
      calls: [],
      left: [],
    });
  });

  it("deletes nothing without --yes where nobody can be asked", async () => {
    const { url, calls } = await serveFleet({ served: {} });
    const cwd = folderWith(["m.gguf"]);
    const [file, served] = await Promise.all([
      sluice(["rm", "m", "--url", NO_SERVER], { cwd }),
      sluice(["rm", "served", "--url", url], { cwd }),
    ]);

    const why = "There is no terminal to ask at: confirm with --yes\n";
    expect([file.code, served.code, calls]).toEqual([1, 1, []]);
    expect(file.stderr).toBe(`sluice: remove m (0.0 MB) from models? ${why}`);
    expect(served.stderr).toBe(`sluice: remove served from the server at ${url}? ${why}`);
    expect(readdirSync(path.join(cwd, "models"))).toEqual(["m.gguf"]);
  });

  it("deletes nothing if the server refuses the key", async () => {
    const { url } = await serveFleet({ m: {} });
    const cwd = folderWith(["m.gguf"]);
    const refused = await sluice(["rm", "m", "--url", url, "--key", "wrong"], { cwd });

    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("refused the API key"),
    });
    expect(existsSync(path.join(cwd, "models", "m.gguf"))).toBe(true);
  });

  it.for(["../outside", "outside", "models/m"])(
    "does not leave the folder for %s",
    async (name) => {
      const cwd = folderWith(["m.gguf"]);
      writeFileSync(path.join(cwd, "outside.gguf"), "GGUF");
      const refused = await sluice(["rm", name, "--dir", "models"], { cwd });

      expect(refused).toEqual({
        code: 1,
        stdout: "",
        stderr: `sluice: there is no model "${name}" in models; models: m\n`,
      });
      expect(existsSync(path.join(cwd, "outside.gguf"))).toBe(true);
    },
  );
});
