// Raw node-llama-cpp next to a server: the cost of the serving layer.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { CaseOptions, Figures, StandaloneCase } from "../../src/bench/case.ts";

/** The task of the child process. */
export type RawTask = Pick<
  CaseOptions,
  "modelPath" | "threads" | "streams" | "promptWords" | "tokens" | "contextTokens"
>;

const SCRIPT = fileURLToPath(new URL("../targets/raw-engine.ts", import.meta.url));
const LIMIT_MS = 300_000;

export const ceiling: StandaloneCase = {
  name: "ceiling",
  help: "node-llama-cpp in one process, without any server, on the work of `throughput`: the upper limit; shown as the column `raw` there",
  column: "raw",
  beside: "throughput",

  async runAlone({ modelPath, threads, streams, promptWords, tokens, contextTokens }) {
    const task: RawTask = { modelPath, threads, streams, promptWords, tokens, contextTokens };
    const args = ["--import", "tsx", SCRIPT, JSON.stringify(task)];
    const env = { ...process.env, UV_THREADPOOL_SIZE: "1" };
    const limits = { env, timeout: LIMIT_MS, killSignal: "SIGKILL" } as const;
    const { stdout } = await promisify(execFile)(process.execPath, args, limits);
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}") as Figures; // written by our child process
  },
};
