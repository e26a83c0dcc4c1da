// Raw node-llama-cpp beside a server: what the serving layer costs.

import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Case, Figures } from "../case.ts";

const SCRIPT = path.join(import.meta.dirname, "../raw-engine.ts");

export const ceiling: Case = {
  name: "ceiling",
  help: "node-llama-cpp in one process, without any server, at each level of --streams: the most there is to have",

  async run(_target, { modelPath, streams, tokens, threads }) {
    const count = threads ?? Math.max(1, availableParallelism() - 1);
    const args = ["--import", "tsx", SCRIPT, modelPath, count, tokens, ...streams].map(String);
    const env = { ...process.env, UV_THREADPOOL_SIZE: "1" };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 300_000 });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}") as Figures;
  },
};
