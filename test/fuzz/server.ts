// The server under test: a newly started one or a running one, and what can be observed from outside.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { residentMb } from "../../src/bench/process-usage.ts";
import { writeInfillModel } from "../support/gguf/infill-model.ts";
import { writeTinyBert } from "../support/gguf/tiny-gguf.ts";
import { childrenOf } from "../support/processes.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const START_MS = 60_000;
/** Any tokens of the model. */
const INFILL_TOKENS = { prefix: 3, suffix: 4, middle: 5 };
const ERROR_LEVEL = 50;
/** Keeps answers short if a mutation has removed their limit; the context limits those that ask for more. */
const FLAGS = [
  "--port",
  "0",
  "--gpu",
  "off",
  "--log-format",
  "json",
  "--max-tokens",
  "8",
  "--context",
  "384",
  "--body-memory",
  "134217728",
];
const NODE_FLAGS = ["--expose-gc", "--import", "./bench/targets/gc-on-signal.mjs"];

export type Server = {
  readonly url: string;
  /** Null for a running server, whose log, memory and processes are not observed. */
  readonly pid: number | null;
  /** Bugs in its log and output on standard error; grows. */
  readonly complaints: readonly string[];
  /** Whether its process has ended. */
  readonly isGone: () => boolean;
  readonly stop: () => void;
};

/** @param more additional flags. @throws Error if it does not start */
export async function startServer(...more: string[]): Promise<Server> {
  const model = await modelForAll();
  const files = ["--model", model, "--rerank-model", writeTinyBert({ pooling: "rank" })];
  const args = [...NODE_FLAGS, "dist/main.js", ...FLAGS, ...files, ...more];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  const stop = () => void child.kill("SIGKILL");
  process.once("exit", stop);
  const complaints: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => complaints.push(`stderr: ${line}`));
  const timer = setTimeout(stop, START_MS);
  const url = await readUrl(child, complaints);
  clearTimeout(timer);
  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  return { url, pid: child.pid ?? null, complaints, isGone, stop };
}

/** The built-in model with fill-in-the-middle tokens, without which `suffix` and /infill end at their first check. */
async function modelForAll(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-fuzz-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "builtin.gguf");
  await writeInfillModel(path.join(ROOT, "models/builtin.gguf"), file, INFILL_TOKENS);
  return file;
}

export function runningServer(url: string): Server {
  const base = url.replace(/\/(v1\/?)?$/, "");
  return { url: base, pid: null, complaints: [], isGone: () => false, stop: () => {} };
}

/** Keeps reading the log after that. */
function readUrl(child: ChildProcess, complaints: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("exit", () =>
      reject(new Error(`the server did not start: ${complaints.join("\n")}`)),
    );
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const entry = JSON.parse(line) as { msg: string; level: number; url?: string };
      if (entry.msg === "ready" && entry.url) resolve(entry.url);
      if (entry.msg === "bug" || entry.level >= ERROR_LEVEL)
        complaints.push(`log: ${line.slice(0, 2_000)}`);
    });
  });
}

export type Memory = {
  /** Memory of the server process in MB. */
  readonly server: number;
  readonly worker: number;
  /** Memory of all running embedding workers (up to two). */
  readonly embeddingWorkers: number;
};

/** Call after a garbage collection of the server. */
export function memoryOf(pid: number): Memory {
  const children = childrenOf(pid);
  const workerMb = (entry: string) =>
    children
      .filter(({ command }) => command.includes(`/worker/${entry}.`))
      .reduce((sum, child) => sum + residentMb(child.pid), 0);
  return {
    server: residentMb(pid),
    worker: workerMb("main"),
    embeddingWorkers: workerMb("embedding-main"),
  };
}

export function collectGarbage(pid: number): void {
  process.kill(pid, "SIGUSR2");
}

export type State = {
  readonly busy: number;
  readonly waiting: number;
  readonly restarts: number;
  readonly slotsTaken: number;
  /** Uncaught errors. */
  readonly uncaught: number;
};

/** Reads /ready, /metrics and /slots. */
export async function stateOf({ url }: Server): Promise<State> {
  const ready = await json<{ worker_restarts: number; status: string }>(`${url}/ready`);
  const slots = await json<{ is_processing: boolean }[]>(`${url}/slots`);
  const metrics = await (await get(`${url}/metrics`)).text();
  const metric = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(metrics)?.[1]);
  return {
    busy: metric("sluice_slots_busy"),
    waiting: metric("sluice_queue_length"),
    restarts: ready.worker_restarts,
    uncaught: metric("sluice_uncaught_total"),
    slotsTaken: slots.filter((slot) => slot.is_processing).length,
  };
}

async function json<T>(url: string): Promise<T> {
  return (await (await get(url)).json()) as T; // trusted: a missing field shows at once
}

function get(url: string): Promise<Response> {
  return fetch(url, { signal: AbortSignal.timeout(10_000) });
}
