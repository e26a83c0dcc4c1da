// The server's downloads with real processes, against small local servers.

import { fork } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import type { PullJob, PullSnapshot } from "../../../src/models/pull-job.ts";
import { PullJobs } from "../../../src/models/pull-jobs.ts";
import { pullProcesses } from "../../../src/models/pull-process.ts";
import {
  closeModelServers,
  listen,
  MIB,
  MODEL_BYTES,
  serveHub,
  serveModel,
} from "../../support/downloads/model-server.ts";
import { BUNDLED_PULL } from "../../support/engines/bundled-programs.ts";
import { childrenOf } from "../../support/processes.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "pull-jobs-"));
const opened: PullJobs[] = [];
const live = new AbortController().signal;

afterEach(async () => {
  await Promise.all(opened.splice(0).map((jobs) => jobs.close()));
});
afterAll(() => {
  closeModelServers();
  rmSync(scratch, { recursive: true, force: true });
});

function jobsIn(dir = mkdtempSync(path.join(scratch, "models-"))) {
  const startPull = pullProcesses(BUNDLED_PULL);
  const jobs = new PullJobs({ dir, startPull, timeoutMs: 30_000, maxWaiting: 2, keep: 5 });
  opened.push(jobs);
  return { jobs, dir };
}

async function lastOf(job: PullJob): Promise<PullSnapshot> {
  let last = job.snapshot;
  for await (const snapshot of job.changes(live)) last = snapshot;
  return last;
}

async function reaches(job: PullJob, bytes: number): Promise<void> {
  for await (const { completedBytes } of job.changes(live)) if (completedBytes >= bytes) return;
  throw new Error(`ended before: ${JSON.stringify(job.snapshot)}`);
}

function pullsOfThisProcess(): string[] {
  return childrenOf(process.pid)
    .filter(({ command, isZombie }) => command.includes("pull-main") && !isZombie)
    .map(({ command }) => command);
}

test("tells the progress up to the end, and two starts are one download", async () => {
  const { url, ranges } = await serveModel();
  const { jobs, dir } = jobsIn();
  const job = jobs.start(url);
  expect(jobs.start(url)).toBe(job);
  const seen: PullSnapshot[] = [];
  for await (const snapshot of job.changes(live)) seen.push(snapshot);

  const total = MODEL_BYTES.length;
  expect(seen.at(-1)).toMatchObject({
    status: "done",
    name: "model",
    error: null,
    totalBytes: total,
  });
  expect(seen.some((each) => each.status === "downloading" && each.totalBytes === total)).toBe(
    true,
  );
  expect(readFileSync(path.join(dir, "model.gguf")).equals(MODEL_BYTES)).toBe(true);
  expect(ranges).toHaveLength(3);
});

// The downloader notes its progress now and then: a kill right before that is another case, and is tried again.
test("a cancelled download is resumed by the next start", { retry: 2 }, async () => {
  const gate = new EventEmitter();
  const { url, ranges } = await serveModel({
    async send(response, bytes, { start, count }) {
      if (start !== 5 * MIB || count > 3) return response.end(bytes);
      await once(gate, "open");
      return response.write(bytes.subarray(0, 3 * MIB));
    },
  });
  const { jobs, dir } = jobsIn();
  const first = jobs.start(url);
  await reaches(first, 9.75 * MIB); // nothing else is sent before the gate opens, and not every byte is told
  gate.emit("open");
  await reaches(first, 12.75 * MIB); // by now the finished chunks are noted in the unfinished file
  expect(jobs.cancel(first.id)).toBe(true);
  expect(await lastOf(first)).toMatchObject({ status: "cancelled" });

  expect(await lastOf(jobs.start(url))).toMatchObject({ status: "done" });
  expect(readFileSync(path.join(dir, "model.gguf")).equals(MODEL_BYTES)).toBe(true);
  expect(ranges.slice(3)).toEqual([{ start: 5 * MIB, end: 10 * MIB }]);
});

test("a file with another checksum than the hub's is removed", async () => {
  const storage = await serveModel();
  const hub = await serveHub(storage.url, "0".repeat(64));
  const { jobs, dir } = jobsIn();
  const before = { HF_ENDPOINT: process.env.HF_ENDPOINT, HF_TOKEN: process.env.HF_TOKEN };
  Object.assign(process.env, { HF_ENDPOINT: hub, HF_TOKEN: "secret" }); // the process of the download inherits them
  const job = jobs.start("hf:user/repo-GGUF:Q4_K_M");
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }

  const seen: string[] = [];
  for await (const { status } of job.changes(live)) seen.push(status);
  expect(seen).toContain("verifying");
  expect(job.snapshot).toMatchObject({
    status: "failed",
    error: "hf_user_repo.Q4_K_M.gguf has another SHA-256 than the hub states; removed",
  });
  expect(readdirSync(dir)).toEqual([]);
});

test("a download that would fill the disk fails, and so does a name outside the folder", async () => {
  const { bavail, bsize } = statfsSync(scratch);
  const size = bavail * bsize - 8 * MIB;
  const full = await listen((_, response) =>
    response.writeHead(200, { "content-length": size, "accept-ranges": "bytes" }).flushHeaders(),
  );
  const elsewhere = await listen((_, response) =>
    response
      .writeHead(200, { "content-disposition": 'attachment; filename="../../evil.sh"' })
      .end("GGUF"),
  );
  const { jobs, dir } = jobsIn();

  const [disk, name] = [jobs.start(`${full}/model.gguf`), jobs.start(`${elsewhere}/x.gguf`)];
  expect(await lastOf(disk)).toMatchObject({
    status: "failed",
    error: expect.stringMatching(/not enough disk space.*must stay free/),
  });
  expect(await lastOf(name)).toMatchObject({
    status: "failed",
    error: expect.stringContaining("evil"),
  });
  expect(readdirSync(dir)).toEqual([]);
});

test("closing leaves no process", async () => {
  const { url } = await serveModel({
    send: (response, bytes, { start }) =>
      start === 0 ? response.end(bytes) : response.write(bytes.subarray(0, MIB)),
  });
  const { jobs } = jobsIn();
  const job = jobs.start(url);
  await reaches(job, 5 * MIB);
  expect(pullsOfThisProcess()).toHaveLength(1);
  await jobs.close();

  expect(pullsOfThisProcess()).toEqual([]);
  expect(job.snapshot.status).toBe("cancelled");
});

test("a download ignores the signals of a terminal, and ends when the server is gone", async () => {
  const { url } = await serveModel({
    send: (response, bytes) => response.write(bytes.subarray(0, MIB)),
  });
  const dir = mkdtempSync(path.join(scratch, "models-"));
  const child = fork(BUNDLED_PULL, { stdio: ["ignore", "ignore", "ignore", "ipc"] });
  child.send({ type: "pull", uri: url, dir, name: null, timeoutMs: 30_000 });
  await once(child, "message");
  child.kill("SIGINT");
  child.kill("SIGTERM");
  child.disconnect();

  expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
});
