// The order of the server's downloads, and what their readers see. The processes are fakes; the real ones have a service test.

import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { type Deferred, deferred } from "../../../src/generation/deferred.ts";
import type { PullSnapshot } from "../../../src/models/pull-job.ts";
import { PullJobs, type PullJobsOptions } from "../../../src/models/pull-jobs.ts";
import type { PullOutcome, PullProgress, StartPull } from "../../../src/models/pull-process.ts";

type FakeRun = {
  readonly uri: string;
  readonly tell: (completedBytes: number, status?: PullProgress["status"]) => void;
  readonly ended: Deferred<PullOutcome>;
  isKilled: boolean;
};

const DONE: PullOutcome = { type: "done", name: "m", file: "/models/m.gguf", sizeBytes: 1000 };
const live = new AbortController().signal;

function jobsWith(options: Partial<PullJobsOptions> = {}) {
  const runs: FakeRun[] = [];
  const clock = { nowMs: 1_000_000 };
  const startPull: StartPull = ({ uri }, onProgress) => {
    const tell: FakeRun["tell"] = (completedBytes, status = "downloading") =>
      onProgress({ type: "progress", status, completedBytes, totalBytes: 1000, file: "m.gguf" });
    const run: FakeRun = { uri, tell, ended: deferred(), isKilled: false };
    runs.push(run);
    const kill = () => {
      run.isKilled = true;
    };
    return { ended: run.ended.promise, kill };
  };
  const jobs = new PullJobs({
    dir: tmpdir(),
    startPull,
    timeoutMs: 1000,
    maxWaiting: 2,
    keep: 2,
    now: () => clock.nowMs,
    ...options,
  });
  return { jobs, runs, clock };
}

function statusesOf({ jobs }: { jobs: PullJobs }): string[] {
  return jobs.list().map(({ snapshot }) => snapshot.status);
}

test("one model is downloaded at a time, the others wait", async () => {
  const { jobs, runs } = jobsWith();
  jobs.start("qwen3:4b");
  const second = jobs.start("qwen3:8b");
  expect(statusesOf({ jobs })).toEqual(["downloading", "queued"]);

  runs[0]?.ended.resolve(DONE);
  for await (const { status } of second.changes(live)) if (status === "downloading") break;
  expect(runs.map(({ uri }) => uri)).toEqual([
    "hf:Qwen/Qwen3-4B-GGUF:Q4_K_M",
    "hf:Qwen/Qwen3-8B-GGUF:Q4_K_M",
  ]);
});

test("the same model under any of its names is the same job until it has ended", async () => {
  const { jobs, runs } = jobsWith();
  const job = jobs.start("qwen3");
  expect(jobs.start("hf://Qwen/Qwen3-4B-GGUF:Q4_K_M")).toBe(job);

  runs[0]?.ended.resolve({ type: "failed", message: "cannot reach the hub" });
  await lastOf(job.changes(live));
  expect(job.snapshot).toMatchObject({ status: "failed", error: "cannot reach the hub" });
  expect(jobs.start("qwen3")).not.toBe(job);
});

test("computes speed and remaining time", () => {
  const { jobs, runs, clock } = jobsWith();
  const job = jobs.start("qwen3");
  runs[0]?.tell(0);
  clock.nowMs += 1000;
  runs[0]?.tell(200);
  expect(job.snapshot).toMatchObject({
    completedBytes: 200,
    totalBytes: 1000,
    bytesPerSecond: 200,
    etaMs: 4000,
  });

  clock.nowMs += 10;
  runs[0]?.tell(300);
  expect(job.snapshot).toMatchObject({ bytesPerSecond: 200, etaMs: 3500 }); // a burst is no speed
  clock.nowMs += 990;
  runs[0]?.tell(600);
  expect(job.snapshot).toMatchObject({ bytesPerSecond: 300 });

  runs[0]?.tell(1000, "verifying");
  expect(job.snapshot).toMatchObject({ status: "verifying", bytesPerSecond: null, etaMs: null });
});

test("a slow reader gets only the newest snapshot, and the last one ends it", async () => {
  const { jobs, runs } = jobsWith();
  const job = jobs.start("qwen3");
  const reader = job.changes(live);
  await reader.next();
  for (const bytes of [100, 200, 300]) runs[0]?.tell(bytes);
  const { value } = await reader.next();
  expect(value).toMatchObject({ completedBytes: 300 });

  runs[0]?.ended.resolve(DONE);
  expect(await lastOf(reader)).toMatchObject({ status: "done", name: "m", completedBytes: 1000 });
  expect(await lastOf(job.changes(live))).toMatchObject({ status: "done" });
});

test("a reader can leave while nothing changes", async () => {
  const { jobs } = jobsWith();
  const gone = new AbortController();
  const reader = jobs.start("qwen3").changes(gone.signal);
  await reader.next();
  const waiting = reader.next();
  gone.abort(new ServiceError("aborted", "the client disconnected"));

  await expect(waiting).rejects.toThrow("the client disconnected");
});

test("cancels what runs and what waits; the next one starts when the process has ended", async () => {
  const { jobs, runs } = jobsWith();
  const [first, second, third] = ["qwen3:4b", "qwen3:8b", "qwen3:14b"].map((name) =>
    jobs.start(name),
  );
  expect([first, second].map((job) => jobs.cancel(job?.id ?? ""))).toEqual([true, true]);
  expect(statusesOf({ jobs })).toEqual(["cancelled", "cancelled", "queued"]);
  expect(runs.map(({ isKilled }) => isKilled)).toEqual([true]);

  runs[0]?.ended.resolve({ type: "failed", message: "the download ended (SIGKILL)" });
  for await (const { status } of third?.changes(live) ?? []) if (status === "downloading") break;
  expect(first?.snapshot).toMatchObject({ status: "cancelled", error: null });
  expect(jobs.cancel(first?.id ?? "")).toBe(false);
  expect(jobs.cancel("unknown")).toBe(false);
});

test("refuses what is no model, and more than may wait", () => {
  const { jobs } = jobsWith();
  for (const name of ["qwen3:4b", "qwen3:8b", "qwen3:14b"]) jobs.start(name);

  expect(refusalOf(() => jobs.start("/etc/passwd"))).toMatchObject({
    code: "model_not_found",
    field: "model",
  });
  expect(refusalOf(() => jobs.start("gemma3"))).toMatchObject({ code: "queue_full" });
});

test("forgets the oldest ended jobs", async () => {
  const { jobs, runs } = jobsWith();
  for (const name of ["qwen3:4b", "qwen3:8b", "qwen3:14b", "gemma3"]) {
    const job = jobs.start(name);
    runs.at(-1)?.ended.resolve(DONE);
    await lastOf(job.changes(live));
  }

  expect(jobs.list().map(({ model }) => model)).toEqual(["qwen3:14b", "gemma3"]);
});

test("closing cancels all, waits for the process, and refuses further ones", async () => {
  const { jobs, runs } = jobsWith();
  jobs.start("qwen3:4b");
  jobs.start("qwen3:8b");
  const closed = jobs.close();
  expect(statusesOf({ jobs })).toEqual(["cancelled", "cancelled"]);
  runs[0]?.ended.resolve({ type: "failed", message: "killed" });
  await closed;

  expect(runs).toHaveLength(1);
  expect(refusalOf(() => jobs.start("qwen3"))).toMatchObject({ code: "draining" });
});

async function lastOf(changes: AsyncIterable<PullSnapshot>): Promise<PullSnapshot | undefined> {
  let last: PullSnapshot | undefined;
  for await (const snapshot of changes) last = snapshot;
  return last;
}

function refusalOf(start: () => unknown): unknown {
  try {
    return start();
  } catch (error) {
    return error;
  }
}

test("a pull is wanted while it has a reader, and always when it is kept", async () => {
  const { jobs } = jobsWith();
  const job = jobs.start("qwen3:4b");
  const reader = job.changes(live);
  expect(job.isWanted).toBe(false);

  await reader.next();
  expect(job.isWanted).toBe(true);
  await reader.return();
  expect(job.isWanted).toBe(false);
  job.keep();

  expect(job.isWanted).toBe(true);
});
