// Runs a client in a new process group, in a clean environment, with a time limit that also ends its children.

import { spawn } from "node:child_process";
import { once } from "node:events";

export type ProgramRun = {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly limitMs: number;
};

export type RunningProgram = {
  readonly output: () => string;
  readonly interrupt: () => void;
  readonly kill: () => void;
  /** `code` is null where a signal ended it; `isLate` where that was our limit. */
  readonly ended: Promise<{ readonly code: number | null; readonly isLate: boolean }>;
};

export function runProgram({ file, args, cwd, env, limitMs }: ProgramRun): RunningProgram {
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-40_000);
    });
  const signal = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // the group has ended
    }
  };
  let isLate = false;
  const kill = () => signal("SIGKILL");
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, limitMs);
  process.once("exit", kill);
  child.once("error", (error) => {
    output += String(error);
  });
  const ended = once(child, "exit").then(
    ([code]) => {
      clearTimeout(timer);
      process.off("exit", kill);
      setTimeout(kill, 500).unref(); // children that it left
      return { code: code as number | null, isLate };
    },
    () => ({ code: null, isLate }),
  );
  return { output: () => output, interrupt: () => signal("SIGINT"), kill, ended };
}

/** The last lines that say something, without colours. */
export function lastLines(output: string, count = 8): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal codes are what is removed
  const plain = output.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, "").replaceAll("\r", "\n");
  const lines = plain.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-count).join("\n");
}
