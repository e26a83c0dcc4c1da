// One example as a process of its own, with a time limit.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { ROOT } from "./server.ts";

const LIMIT_MS = 300_000;

export type ProgramOptions = {
  /** From the project's folder, where it runs. */
  readonly file: string;
  readonly args?: readonly string[];
  /** Null where its packages could not be had. */
  readonly python: string | null;
  readonly env: Readonly<Record<string, string>>;
};

export type Program = {
  /** Its output so far; grows. */
  readonly output: () => string;
  readonly stop: () => void;
  /** @throws Error with the end of its output, unless it ends well in time */
  readonly ended: Promise<void>;
};

export function startProgram(options: ProgramOptions): Program {
  const { file, args = [], env } = options;
  const child = spawn(interpreterOf(options), [file, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env, PYTHONUNBUFFERED: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const stop = () => void child.kill("SIGKILL");
  process.once("exit", stop);
  const timer = setTimeout(stop, LIMIT_MS);
  const ended = once(child, "close").then(([code, signal]) => {
    clearTimeout(timer);
    process.off("exit", stop);
    if (code !== 0) throw new Error(`ended with ${code ?? signal}\n${output.slice(-2_000)}`);
  });
  ended.catch(() => {}); // a stopped program is not awaited
  return { output: () => output, stop, ended };
}

function interpreterOf({ file, python }: ProgramOptions): string {
  if (file.endsWith(".sh")) return "bash";
  if (!file.endsWith(".py")) return process.execPath;
  if (python === null) throw new Error("there is no Python with its packages");
  return python;
}
