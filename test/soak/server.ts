// The real server as a process of its own, as it is built, with the built-in model: its log, its metrics, and what it holds.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { residentMb } from "../../bench/targets/process-usage.ts";
import { type Child, childrenOf, descriptorsOf } from "../support/processes.ts";
import type { RequestLine } from "./report/ledger.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const START_MS = 60_000;
const NODE_FLAGS = ["--expose-gc", "--import", "./bench/targets/gc-on-signal.mjs"];
const FLAGS = ["--port", "0", "--gpu", "off", "--log-format", "json"];
const ERROR_LEVEL = 50;
/** Errors that belong to a worker that was killed. */
const EXPECTED_ERROR = /^(the )?worker ended|^killing the worker|^embeddings: /;

export type SoakServer = {
  readonly url: string;
  readonly pid: number;
  /** One of each request that has ended. */
  readonly lines: readonly RequestLine[];
  /** Bugs, unexpected errors, and what it wrote to standard error; grows. */
  readonly complaints: readonly string[];
  readonly isGone: () => boolean;
  /** Ends it as an operator does. @returns its exit code */
  readonly stop: () => Promise<number | null>;
};

/** @throws Error when it does not come up */
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

/** Resolves with its address, and goes on reading after that. */
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

/** The process that generates; null while there is none. */
export function workerOf(pid: number): number | null {
  return childrenOf(pid).find(isWorker)?.pid ?? null;
}

function isWorker({ command, isZombie }: Child): boolean {
  return !isZombie && command.includes("/worker/main.");
}

/** What it holds now. */
export type Holdings = {
  readonly serverMb: number;
  /** NaN without one. */
  readonly workerMb: number;
  readonly descriptors: number;
  readonly zombies: number;
};

export function holdingsOf(pid: number): Holdings {
  const worker = workerOf(pid);
  return {
    serverMb: residentMb(pid),
    workerMb: worker === null ? Number.NaN : mbOr(worker),
    descriptors: descriptorsOf(pid),
    zombies: childrenOf(pid).filter(({ isZombie }) => isZombie).length,
  };
}

/** It may end while one looks at it. */
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
  /** Of the server, in use. */
  readonly heapMb: number;
  readonly busy: number;
  readonly waiting: number;
  readonly restarts: number;
  /** Errors that nobody caught; null of a server that does not count them. */
  readonly uncaught: number | null;
  readonly tokensOut: number;
  /** Requests that have ended, by outcome. */
  readonly outcomes: ReadonlyMap<string, number>;
};

export async function metricsOf(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Metrics> {
  return metricsIn(await (await fetch(`${url}/metrics`, { headers })).text());
}

/** @param text what /metrics answers */
export function metricsIn(text: string): Metrics {
  const metric = (name: string) => {
    const line = text.split("\n").find((each) => each.startsWith(`${name} `));
    return Number(line?.slice(name.length) ?? 0);
  };
  const outcomes = text.matchAll(/^sluice_requests_total\{outcome="(.+)"\} (\d+)$/gm);
  const [heap, external] = ["heap_size_used", "external_memory"].map((name) =>
    metric(`sluice_nodejs_${name}_bytes`),
  );
  return {
    heapMb: ((heap ?? 0) + (external ?? 0)) / 1_048_576,
    busy: metric("sluice_slots_busy"),
    waiting: metric("sluice_queue_length"),
    restarts: metric("sluice_worker_restarts_total"),
    uncaught: text.includes("\nsluice_uncaught_total") ? metric("sluice_uncaught_total") : null,
    tokensOut: metric('sluice_tokens_total{direction="out"}'),
    outcomes: new Map([...outcomes].map(([, outcome = "", value]) => [outcome, Number(value)])),
  };
}
