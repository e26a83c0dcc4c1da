// Runs the built server with the built-in model as a separate process, and reads its log, metrics and resource use.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { residentMb } from "../../src/bench/process-usage.ts";
import { metricSum } from "../support/clients/metric-sum.ts";
import { type Child, childrenOf, descriptorsOf } from "../support/processes.ts";
import type { RequestLine } from "./report/ledger.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const START_MS = 60_000;
const NODE_FLAGS = ["--expose-gc", "--import", "./bench/targets/gc-on-signal.mjs"];
const FLAGS = ["--port", "0", "--gpu", "off", "--log-format", "json"];
const ERROR_LEVEL = 50;
/** Expected errors about killed workers. */
const EXPECTED_ERROR = /^(the )?worker ended|^killing the worker|^embeddings: /;

export type SoakServer = {
  readonly url: string;
  readonly pid: number;
  /** The log line of each request that has ended. */
  readonly lines: readonly RequestLine[];
  /** Bugs, unexpected errors and output on standard error; grows. */
  readonly complaints: readonly string[];
  readonly isGone: () => boolean;
  /** Stops it like an operator. @returns its exit code */
  readonly stop: () => Promise<number | null>;
};

/** @throws Error if it does not start */
export async function startServer(flags: readonly string[]): Promise<SoakServer> {
  const args = [...NODE_FLAGS, "dist/main.js", ...FLAGS, ...flags];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  process.once("exit", () => void child.kill("SIGKILL"));
  const lines: RequestLine[] = [];
  const complaints: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => complaints.push(`stderr: ${line}`));
  const timer = setTimeout(() => child.kill("SIGKILL"), START_MS);
  const url = await readLog(child, lines, complaints);
  clearTimeout(timer);
  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    const exited = isGone() ? null : once(child, "exit");
    child.kill("SIGTERM");
    await exited;
    return child.exitCode;
  };
  return { url, pid: child.pid ?? 0, lines, complaints, isGone, stop };
}

type LogLine = {
  readonly msg: string;
  readonly level: number;
  readonly url?: string;
  readonly requestId?: string;
  readonly outcome?: string;
  readonly ttftMs?: number | null;
};

/** Resolves with the server's URL and keeps reading after that. */
function readLog(child: ChildProcess, lines: RequestLine[], complaints: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("exit", () =>
      reject(new Error(`the server did not start: ${complaints.join("\n")}`)),
    );
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = JSON.parse(text) as LogLine;
      const { msg, level, url, requestId, outcome, ttftMs = null } = line;
      if (msg === "ready" && url) resolve(url);
      if (msg === "request" && requestId && outcome)
        lines.push({ requestId, outcome, ttftMs, atMs: performance.now() });
      else if (msg === "bug" || (level >= ERROR_LEVEL && !EXPECTED_ERROR.test(msg)))
        complaints.push(`log: ${text.slice(0, 2_000)}`);
    });
  });
}

/** The process that generates; null if there is none. */
export function workerOf(pid: number): number | null {
  return childrenOf(pid).find(isWorker)?.pid ?? null;
}

function isWorker({ command, isZombie }: Child): boolean {
  return !isZombie && command.includes("/worker/main.");
}

/** Resources the server uses now. */
export type ResourceUse = {
  readonly serverMb: number;
  /** NaN without a worker. */
  readonly workerMb: number;
  readonly descriptors: number;
  readonly zombies: number;
};

export function resourceUseOf(pid: number): ResourceUse {
  const worker = workerOf(pid);
  return {
    serverMb: residentMb(pid),
    workerMb: worker === null ? Number.NaN : mbOr(worker),
    descriptors: descriptorsOf(pid),
    zombies: childrenOf(pid).filter(({ isZombie }) => isZombie).length,
  };
}

/** The process may end while it is read. */
function mbOr(pid: number): number {
  try {
    return residentMb(pid);
  } catch {
    return Number.NaN;
  }
}

export function collectGarbage(pid: number): void {
  process.kill(pid, "SIGUSR2");
}

export type Metrics = {
  /** Heap of the server in use. */
  readonly heapMb: number;
  readonly busy: number;
  readonly waiting: number;
  readonly restarts: number;
  /** Uncaught errors; null if the server does not count them. */
  readonly uncaught: number | null;
  readonly tokensOut: number;
  /** Ended requests by outcome. */
  readonly outcomes: ReadonlyMap<string, number>;
};

export async function metricsOf(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Metrics> {
  return metricsIn(await (await fetch(`${url}/metrics`, { headers })).text());
}

/** @param text the body of /metrics */
export function metricsIn(text: string): Metrics {
  const metric = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    metricSum(text, name, labels) ?? 0;
  const outcomes = new Set(
    [...text.matchAll(/^sluice_requests_total\{.*outcome="([^"]+)"/gm)].map(
      ([, each = ""]) => each,
    ),
  );
  const [heap, external] = ["heap_size_used", "external_memory"].map((name) =>
    metric(`sluice_nodejs_${name}_bytes`),
  );
  return {
    heapMb: ((heap ?? 0) + (external ?? 0)) / 1_048_576,
    busy: metric("sluice_slots_busy"),
    waiting: metric("sluice_queue_length"),
    restarts: metric("sluice_worker_restarts_total"),
    uncaught: text.includes("\nsluice_uncaught_total") ? metric("sluice_uncaught_total") : null,
    tokensOut: metric("sluice_tokens_total", { direction: "out" }),
    outcomes: new Map(
      [...outcomes].map((outcome) => [outcome, metric("sluice_requests_total", { outcome })]),
    ),
  };
}
