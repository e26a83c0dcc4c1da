// Runs the real scripts/pull-model.ts against small local servers that fail in the ways servers and networks do.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const MIB = 2 ** 20;
const script = path.resolve("scripts/pull-model.ts");
// Three chunks of the downloader (5 MiB each), which it fetches side by side from 0, 5 and 10 MiB.
const model = Buffer.alloc(12 * MIB, "GGUF model bytes ");
const checksum = createHash("sha256").update(model).digest("hex");
const scratch = mkdtempSync(path.join(tmpdir(), "pull-model-"));
const servers = new Set<Server>();
const children = new Set<ChildProcess>();

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  for (const server of servers) server.close().closeAllConnections();
  rmSync(scratch, { recursive: true });
});

describe.concurrent("npm run pull", { timeout: 30_000 }, () => {
  it("fetches a model, names the next command, and does not fetch it twice", async () => {
    const { url, ranges } = await serveModel();
    const { dir, ...first } = await pull(url).result;
    const second = await pull(url, { dir }).result;

    const file = path.relative(process.cwd(), path.join(dir, "model.gguf"));
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toContain(`npm start -- --model ${file}\n`);
    expect(first.stdout.match(/%/g)?.length).toBeLessThanOrEqual(20);
    expect(readFileSync(file).equals(model)).toBe(true);
    expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining("already complete") });
    expect(ranges).toHaveLength(3);
  });

  it("asks only for what is missing when a connection breaks in the middle", async () => {
    const { url, ranges } = await serveModel({
      send(response, bytes, { start, count }) {
        if (start !== 5 * MIB || count > 3) response.end(bytes);
        else response.write(bytes.subarray(0, 3 * MIB), () => response.destroy());
      },
    });
    const { code, dir } = await pull(url).result;

    expect(code).toBe(0);
    expect(readFileSync(path.join(dir, "model.gguf")).equals(model)).toBe(true);
    const starts = ranges.map((range) => range.start / MIB).sort((a, b) => a - b);
    expect(starts).toEqual([0, 5, 5, 10]);
  });

  it.for([
    { signal: "SIGKILL", code: null, stderr: "" },
    { signal: "SIGINT", code: 130, stderr: "pull: stopped; run the same command to go on" },
  ] as const)(
    "goes on where a run that $signal ended had stopped",
    async ({ signal, code, stderr }) => {
      const gate = new EventEmitter();
      const { url, ranges } = await serveModel({
        async send(response, bytes, { start, count }) {
          if (start !== 5 * MIB || count > 3) return response.end(bytes);
          await once(gate, "open");
          return response.write(bytes.subarray(0, 3 * MIB));
        },
      });
      const first = pull(url);
      await first.line(/5[5-8]%/);
      gate.emit("open");
      await first.line(/8\d%/);
      first.child.kill(signal);
      const { dir, ...ended } = await first.result;
      expect(ended).toMatchObject({ code, stderr: expect.stringContaining(stderr) });
      expect(readdirSync(dir)).toEqual(["model.gguf.ipull"]);

      const second = await pull(url, { dir }).result;
      expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining("going on at") });
      expect(readFileSync(path.join(dir, "model.gguf")).equals(model)).toBe(true);
      const askedAgain = ranges.slice(3).reduce((sum, { start, end }) => sum + end - start, 0);
      expect(askedAgain).toBe(5 * MIB);
    },
  );

  it("begins anew when a server that cannot send ranges breaks the connection", async () => {
    const { url } = await serveModel({
      hasRanges: false,
      send(response, bytes, { count }) {
        // The first request only asks about the file; the second is for its bytes.
        if (count !== 2) response.end(bytes);
        else response.write(bytes.subarray(0, 8 * MIB), () => response.destroy());
      },
    });
    const { code, dir, stderr } = await pull(url).result;

    expect(code).toBe(0);
    expect(stderr).toMatch(/broke the connection; trying again/);
    expect(readFileSync(path.join(dir, "model.gguf")).equals(model)).toBe(true);
  });

  it("gives up on a server that accepts the connection and stays silent", async () => {
    const url = await listen(() => {});
    const ended = await pull(`${url}/model.gguf`, { args: ["--timeout", "1"] }).result;
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no data .* for 1 s\n$/),
    });
  });

  it("sends the token to the hub, not to its storage host, and checks the hub's checksum", async () => {
    const storage = await serveModel();
    const hub = await serveHub(storage.url, checksum);
    const env = { HF_ENDPOINT: hub, HF_TOKEN: "secret" };
    const { dir, ...ended } = await pull("hf:user/repo-GGUF:Q4_K_M", { env }).result;

    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining("SHA-256 is right") });
    expect(readdirSync(dir)).toEqual(["hf_user_repo.Q4_K_M.gguf"]);
    expect(storage.tokens).toEqual([]);
  });

  it("removes a file that does not have the hub's checksum", async () => {
    const storage = await serveModel();
    const hub = await serveHub(storage.url, "0".repeat(64));
    const env = { HF_ENDPOINT: hub, HF_TOKEN: "secret" };
    const { dir, ...ended } = await pull("hf:user/repo-GGUF:Q4_K_M", { env }).result;

    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/SHA-256.*removed/) });
    expect(readdirSync(dir)).toEqual([]);
  });

  it("names HF_TOKEN when the hub refuses access", async () => {
    const hub = await serveHub("unused", checksum);
    const ended = await pull("hf:user/repo-GGUF", { env: { HF_ENDPOINT: hub } }).result;
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/401.*set HF_TOKEN/) });
  });

  it("removes what turns out not to be a GGUF file", async () => {
    const { url } = await serveModel({
      file: Buffer.from("<!doctype html><title>Sign in</title>"),
    });
    const { dir, ...ended } = await pull(url).result;
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining("not a GGUF file") });
    expect(readdirSync(dir)).toEqual([]);
  });

  it.for([
    { fault: "a missing file", status: 404, headers: {}, message: /answered 404: no such model/ },
    {
      fault: "a file larger than the disk",
      status: 200,
      headers: { "content-length": 2e13, "accept-ranges": "bytes" },
      message: /disk full: 20000\.00 GB are still to come/,
    },
  ])("explains $fault in one line", async ({ status, headers, message }) => {
    const url = await listen((_, response) => response.writeHead(status, headers).flushHeaders());
    const { dir, code, stderr } = await pull(`${url}/model.gguf`).result;
    expect({ code, lines: stderr.split("\n").length - 1 }).toEqual({ code: 1, lines: 1 });
    expect(stderr).toMatch(message);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("explains a size that is not the announced one", async () => {
    const { url } = await serveModel({
      send: (response, bytes, { start }) =>
        response
          .setHeader("content-range", `bytes ${start}-${start + 999}/${start + 1000}`)
          .setHeader("content-length", 1000)
          .end(bytes.subarray(0, 1000)),
    });
    const ended = await pull(url).result;
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^pull: size mismatch/) });
  });

  it("explains a host that cannot be reached", async () => {
    const ended = await pull("http://127.0.0.1:1/model.gguf").result;
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/cannot reach .*:1\n$/) });
  });

  it("explains an address it does not understand", async () => {
    const ended = await pull("models/llama").result;
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^pull: "models\/llama" is neither .*\n$/),
    });
  });
});

type Sending = { readonly start: number; readonly count: number };
type ServeOptions = {
  readonly file?: Buffer;
  readonly hasRanges?: boolean;
  /** Sends the body; `count` numbers the range requests, or all requests where there are no ranges. */
  readonly send?: (response: ServerResponse, bytes: Buffer, sending: Sending) => unknown;
};

/** Serves one file; every range asked for and every token received is noted. */
async function serveModel({ file = model, hasRanges = true, send }: ServeOptions = {}) {
  const ranges: { start: number; end: number }[] = [];
  const tokens: string[] = [];
  let requests = 0;
  const url = await listen((request, response) => {
    requests++;
    if (request.headers.authorization) tokens.push(request.headers.authorization);
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    if (hasRanges) response.setHeader("accept-ranges", "bytes");
    if (!range || !hasRanges) {
      response.setHeader("content-length", file.length);
      if (hasRanges || !send) response.end(request.method === "HEAD" ? "" : file);
      else send(response, file, { start: 0, count: requests });
      return;
    }
    const start = Number(range[1]);
    const end = Number(range[2]) + 1;
    ranges.push({ start, end });
    response.statusCode = 206;
    response.setHeader("content-range", `bytes ${start}-${end - 1}/${file.length}`);
    response.setHeader("content-length", end - start);
    const bytes = file.subarray(start, end);
    if (send) send(response, bytes, { start, count: ranges.length });
    else response.end(bytes);
  });
  return { url: `${url}/model.gguf`, ranges, tokens };
}

/** A hub with one gated repository: it knows the manifest and redirects to where the file is stored. */
function serveHub(storageUrl: string, sha256: string): Promise<string> {
  return listen((request, response) => {
    if (request.headers.authorization !== "Bearer secret") response.writeHead(401).end();
    else if (request.url === "/v2/user/repo-GGUF/manifests/Q4_K_M")
      response.end(JSON.stringify({ ggufFile: { rfilename: "repo-Q4_K_M.gguf" } }));
    else if (request.url?.startsWith("/user/repo-GGUF/resolve/main/repo-Q4_K_M.gguf"))
      response.writeHead(302, { location: storageUrl, "x-linked-etag": `"${sha256}"` }).end();
    else response.writeHead(404).end();
  });
}

async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, "127.0.0.1");
  servers.add(server);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

function pull(uri: string, { dir = "", args = [] as string[], env = {} } = {}) {
  const target = dir || mkdtempSync(path.join(scratch, "models-"));
  const command = ["--import", "tsx", script, uri, "--dir", target, ...args];
  // Neither the caller's token nor a token file in the home folder may get into the test.
  const child = spawn(process.execPath, command, {
    env: { PATH: process.env.PATH, HOME: scratch, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => {output.stdout += text; if (process.env.DBG) console.error(text)});
  child.stderr.setEncoding("utf8").on("data", (text) => (output.stderr += text));
  const closed = once(child, "close").then(([code]) => {
    children.delete(child);
    return { code: code as number | null, dir: target, ...output };
  });
  async function line(pattern: RegExp): Promise<void> {
    while (!pattern.test(output.stdout)) await once(child.stdout, "data");
  }
  return { child, result: closed, line };
}
