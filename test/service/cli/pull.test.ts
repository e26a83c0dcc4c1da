// Runs the real `sluice pull` against small local servers that fail in the ways that servers and networks do.

import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import {
  MODEL_SHA256 as checksum,
  closeModelServers,
  listen,
  MIB,
  MODEL_BYTES as model,
  serveHub,
  serveModel,
} from "../../support/downloads/model-server.ts";
import { BUNDLED_MAIN } from "../../support/engines/bundled-programs.ts";

const FULL_DISK = path.resolve(import.meta.dirname, "../../support/downloads/full-disk.mjs");
const scratch = mkdtempSync(path.join(tmpdir(), "pull-model-"));
const children = new Set<ChildProcess>();

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  closeModelServers();
  rmSync(scratch, { recursive: true, force: true });
});

describe.concurrent("sluice pull", { timeout: 60_000 }, () => {
  it("does not replace another file of that name", async () => {
    const { url } = await serveModel();
    const dir = mkdtempSync(path.join(scratch, "models-"));
    writeFileSync(path.join(dir, "model.gguf"), "GGUF of another model");
    const ended = await pull(url, { dir }).result;
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining("--name other.gguf") });
    expect(readFileSync(path.join(dir, "model.gguf"), "utf8")).toBe("GGUF of another model");
  });

  it("says that a complete file is there instead of fetching it again", async () => {
    const { url, ranges } = await serveModel();
    const dir = mkdtempSync(path.join(scratch, "models-"));
    writeFileSync(path.join(dir, "model.gguf"), model);
    const ended = await pull(url, { dir }).result;
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining("already complete") });
    expect(ranges).toEqual([]);
  });

  it("requests only the missing bytes when a connection breaks in the middle", async () => {
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

  // The downloader notes its progress now and then: a kill right before that is another case, and is tried again.
  it("resumes after a killed run", { retry: 2 }, async () => {
    const { url, ranges, finishButOne } = await serveInTwoRuns();
    const first = pull(url);
    await finishButOne(first);
    first.child.kill("SIGKILL");
    const { dir } = await first.result;
    expect(readdirSync(dir)).toEqual(["model.gguf.ipull"]);

    const second = await pull(url, { dir }).result;
    expect(second).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("resuming at 10.5 MB"),
    });
    expect(readFileSync(path.join(dir, "model.gguf")).equals(model)).toBe(true);
    expect(ranges.slice(3)).toEqual([{ start: 5 * MIB, end: 10 * MIB }]);
  });

  it("leaves an unfinished file that can be resumed on Ctrl-C, and says so", async () => {
    const { url, finishButOne } = await serveInTwoRuns();
    const run = pull(url);
    await finishButOne(run);
    run.child.kill("SIGINT");
    const { dir, ...ended } = await run.result;
    const stderr = "sluice: stopped; run the same command to resume\n";
    expect(ended).toMatchObject({ code: 130, stderr });
    expect(readdirSync(dir)).toEqual(["model.gguf.ipull"]);
  });

  it("starts again when a server that cannot send ranges breaks the connection", async () => {
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
    expect(stderr).toMatch(/broke the connection; retrying/);
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

    const [file = ""] = readdirSync(dir).map((name) => path.join(dir, name)); // absolute, as the folder
    expect(ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("the SHA-256 is right"),
    });
    expect(ended.stdout).toContain(`Next: sluice --model ${file}\n`);
    expect(ended.stdout).toContain("Name: user_repo.Q4_K_M (");
    expect(ended.stdout.match(/%/g)?.length).toBeLessThanOrEqual(20);
    expect(path.basename(file)).toBe("hf_user_repo.Q4_K_M.gguf");
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
    {
      fault: "a missing file",
      status: 404,
      headers: {},
      message: /answered 404: there is no such model/,
    },
    {
      fault: "a file larger than the disk",
      status: 200,
      headers: { "content-length": 2e13, "accept-ranges": "bytes" },
      message: /not enough disk space: 20000\.00 GB are missing/,
    },
    {
      fault: "a size for whose chunks the memory would not suffice",
      status: 200,
      headers: { "content-length": 1e15, "accept-ranges": "bytes" },
      message: /not enough disk space: 1000000\.00 GB are missing/,
    },
  ])("explains $fault in one line", async ({ status, headers, message }) => {
    const url = await listen((_, response) => response.writeHead(status, headers).flushHeaders());
    const { dir, code, stderr } = await pull(`${url}/model.gguf`).result;
    expect({ code, lines: stderr.split("\n").length - 1 }).toEqual({ code: 1, lines: 1 });
    expect(stderr).toMatch(message);
    expect(readdirSync(dir)).toEqual([]);
  });

  it.for([
    ["/model.gguf", "redirects in a circle, or more than 20 times"],
    ["file:///etc/passwd", "redirects to an address that is not http(s)"],
    ["http://[", "redirects to an address that is not valid"],
  ] as const)("explains a redirect to %s, and does not try again", async ([location, message]) => {
    let requests = 0;
    const url = await listen((_, response) => {
      requests++;
      response.writeHead(302, { location }).end();
    });
    const { dir, stderr } = await pull(`${url}/model.gguf`).result;

    expect(stderr).toBe(`sluice: ${new URL(url).host} ${message}\n`);
    expect(requests).toBe(location.startsWith("/") ? 21 : 1);
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
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^sluice: size mismatch/),
    });
  });

  it("explains a host that cannot be reached", async () => {
    const ended = await pull("http://127.0.0.1:1/model.gguf").result;
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/cannot reach .*:1\n$/) });
  });

  it("explains an address it does not understand", async () => {
    const ended = await pull("models/llama").result;
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^sluice: "models\/llama" is neither .*\n$/),
    });
  });

  it("downloads a short name from the hub", async () => {
    const storage = await serveModel();
    const hub = await listen((request, response) => {
      if (request.url === "/v2/Qwen/Qwen3-4B-GGUF/manifests/Q4_K_M")
        response.end(JSON.stringify({ ggufFile: { rfilename: "Qwen3-4B-Q4_K_M.gguf" } }));
      else response.writeHead(302, { location: storage.url }).end();
    });
    const ended = await pull("qwen3", { env: { HF_ENDPOINT: hub } }).result;
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(ended.dir)).toEqual(["hf_Qwen_Qwen3-4B.Q4_K_M.gguf"]);
  });

  it("prints one JSON object per line with --json", async () => {
    const storage = await serveModel();
    const hub = await serveHub(storage.url, checksum);
    const env = { HF_ENDPOINT: hub, HF_TOKEN: "secret" };
    const ended = await pull("hf:user/repo-GGUF:Q4_K_M", { env, args: ["--json"] }).result;

    const file = "hf_user_repo.Q4_K_M.gguf";
    const lines = ended.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toEqual({ status: "downloading", file, completed: 0, total: model.length });
    expect(lines.slice(-2)).toEqual([
      { status: "verifying sha256 digest", file },
      { status: "success", name: "user_repo.Q4_K_M", file: path.join(ended.dir, file) },
    ]);
  });

  it("fetches only the missing part of a split model", async () => {
    const asked: string[] = [];
    const { dir, url } = await serveParts((name) => asked.push(name));
    writeFileSync(path.join(dir, "big-00001-of-00002.gguf"), PART);
    const ended = await pull(url, { dir }).result;

    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(dir)).toEqual(["big-00001-of-00002.gguf", "big-00002-of-00002.gguf"]);
    expect(asked).toEqual(["/big-00002-of-00002.gguf"]);
  });

  it("leaves a part of the disk free", async () => {
    const { bavail, bsize } = statfsSync(scratch);
    const headers = { "content-length": bavail * bsize - 8 * MIB, "accept-ranges": "bytes" };
    const url = await listen((_, response) => response.writeHead(200, headers).flushHeaders());
    const { code, stderr } = await pull(`${url}/model.gguf`).result;
    expect(code).toBe(1);
    expect(stderr).toMatch(/not enough disk space: .* free, of which .* must stay free; free some/);
  });

  it("stops when the disk is full while a file of unknown size arrives, and removes it", async () => {
    const url = await listen((_, response) => {
      const piece = Buffer.alloc(MIB, "GGUF");
      const send = () => {
        while (!response.destroyed && response.write(piece));
      };
      response.on("drain", send).on("error", () => {});
      send();
    });
    const env = { NODE_OPTIONS: `--import ${pathToFileURL(FULL_DISK)}` };
    const { dir, code, stderr, stdout } = await pull(`${url}/model.gguf`, { env }).result;

    expect([code, stdout]).toEqual([1, "model.gguf: size unknown\n"]);
    expect(stderr).toMatch(
      /^sluice: not enough disk space: the size is unknown, .* must stay free; free some/,
    );
    expect(readdirSync(dir)).toEqual([]);
  });

  it.for(["x-00000-of-00003.gguf", "x-00004-of-00003.gguf"])(
    "does not fetch %s, which is no part of a whole model",
    async (name) => {
      const { url, ranges } = await serveModel();
      const { dir, stderr } = await pull(url.replace("model.gguf", name)).result;

      expect(stderr).toBe(
        `sluice: the file would be called ${name}, as one part of a model, but the address does not give all parts\n`,
      );
      expect([readdirSync(dir), ranges]).toEqual([[], []]);
    },
  );

  it("creates models/ in the current folder, and prints a command for a clone when npm runs it", async () => {
    const { url } = await serveModel();
    const cwd = mkdtempSync(path.join(scratch, "folder-"));
    const ended = await pull(url, { cwd, env: { npm_lifecycle_event: "start" } }).result;
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toContain("Next: npm start -- --model models/model.gguf\n");
    expect(readdirSync(path.join(cwd, "models"))).toEqual(["model.gguf"]);
  });

  it.for([
    [["--help"], 0, /usage: sluice pull MODEL/],
    [[], 1, /^sluice: pull takes one model: .*sluice pull --help\)\n$/],
    [["hf:a/b", "hf:c/d"], 1, /^sluice: pull takes one model/],
    [["hf:a/b", "--to", "x"], 1, /^sluice: Unknown option '--to' \(see sluice pull --help\)\n$/],
    [["hf:a/b", "--name", "a/b.gguf"], 1, /--name is "a\/b.gguf": allowed is a plain file name/],
    [["hf:a/b", "--timeout", "0"], 1, /--timeout is "0": allowed is 1 to 3600 seconds/],
  ] as const)("answers the arguments %j with %i", async ([args, code, expected]) => {
    const ended = await run(args).result;
    expect(ended.code).toBe(code);
    expect(ended.stdout + ended.stderr).toMatch(expected);
  });
});

/** A first run gets all but the middle chunk, of which some bytes come at the end; a second run gets all it asks for. */
async function serveInTwoRuns() {
  const gate = new EventEmitter();
  const served = await serveModel({
    async send(response, bytes, { start, count }) {
      if (start !== 5 * MIB || count > 3) return response.end(bytes);
      await once(gate, "open");
      return response.write(bytes.subarray(0, 3 * MIB));
    },
  });
  async function finishButOne(run: ReturnType<typeof pull>): Promise<void> {
    await run.line(/6[56]%/);
    gate.emit("open");
    // By the time later bytes are counted, the finished chunks are noted in the unfinished file.
    await run.line(/8[56]%/);
  }
  return { ...served, finishButOne };
}

const PART = Buffer.alloc(1000, "GGUF part ");

/** A model in two parts. @param onBytes told the path of each request for bytes */
async function serveParts(onBytes: (name: string) => void) {
  const url = await listen((request, response) => {
    response.setHeader("accept-ranges", "bytes").setHeader("content-length", PART.length);
    if (request.headers.range === undefined) return response.end(PART);
    onBytes(request.url ?? "");
    const last = PART.length - 1;
    return response.writeHead(206, { "content-range": `bytes 0-${last}/${PART.length}` }).end(PART);
  });
  const dir = mkdtempSync(path.join(scratch, "parts-"));
  return { dir, url: `${url}/big-00001-of-00002.gguf` };
}

type PullOptions = { dir?: string; cwd?: string; args?: string[]; env?: object };

/** Into `dir`, or into the default folder of `cwd`, or into a new folder. */
function pull(uri: string, { dir, cwd, args = [], env }: PullOptions = {}) {
  const target = dir ?? mkdtempSync(path.join(scratch, "models-"));
  const flags = cwd === undefined ? ["--dir", target] : [];
  return run([uri, ...flags, ...args], { dir: target, cwd, env });
}

type RunOptions = { dir?: string; cwd?: string | undefined; env?: object | undefined };

function run(args: readonly string[], { dir = "", cwd, env }: RunOptions = {}) {
  // Neither the caller's token nor a token file in the home folder may get into the test.
  const child = spawn(process.execPath, [BUNDLED_MAIN, "pull", ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: scratch, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (output.stderr += text));
  const closed = once(child, "close").then(([code]) => {
    children.delete(child);
    return { code: code as number | null, dir, ...output };
  });
  async function line(pattern: RegExp): Promise<void> {
    while (!pattern.test(output.stdout)) await once(child.stdout, "data");
  }
  return { child, result: closed, line };
}
