// Sends the schemas to child processes, one schema at a time to each. A child that takes too long or crashes is replaced, because
// a grammar can keep llama.cpp busy without end or overflow its stack.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CLOSED, REFUSED, type Verdict, withoutVerdict } from "./judge.ts";
import type { SetLine } from "./sets.ts";

type PoolOptions = {
  readonly children: number;
  /** Time limit for one schema, without the start of the child. */
  readonly limitMs: number;
  readonly isOpen: boolean;
  /** Called after each schema. */
  readonly onProgress: (done: number, total: number) => void;
};

const PROGRAM = path.join(import.meta.dirname, "child.ts");
/** llama.cpp's reason comes through another pipe than the verdict and may arrive later. */
const STDERR_MS = 50;
const MOST_STDERR = 10_000;

/** @returns the verdicts in the order of the lines */
export async function judgeAll(
  lines: readonly SetLine[],
  { children, limitMs, isOpen, onProgress }: PoolOptions,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const waiting = lines.entries();
  let done = 0;
  const work = async () => {
    const judgeProcess = new JudgeProcess(limitMs, isOpen);
    try {
      for (const [index, { line }] of waiting) {
        verdicts[index] = await judgeProcess.judge(line);
        done += 1;
        onProgress(done, lines.length);
      }
    } finally {
      judgeProcess.close();
    }
  };
  await Promise.all(Array.from({ length: Math.min(children, lines.length) }, work));
  return verdicts;
}

class JudgeProcess {
  readonly #limitMs: number;
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;
  #stderr = "";

  constructor(limitMs: number, isOpen: boolean) {
    this.#limitMs = limitMs;
    this.#args = isOpen ? [] : [CLOSED];
    process.once("exit", this.#kill);
  }

  /** @throws Error if a child cannot be started */
  async judge(line: string): Promise<Verdict> {
    this.#child ??= await this.#start();
    this.#stderr = "";
    const answer = await this.#answer(this.#child, line);
    switch (answer) {
      case "timeout":
        this.#kill();
        return withoutVerdict("timeout", "timeout");
      case "exit":
        return withoutVerdict("fault", `the child process ended with ${this.#endOfChild()}`);
      default:
        return answer.why === REFUSED ? this.#withReason(answer) : answer;
    }
  }

  close(): void {
    this.#kill();
    process.off("exit", this.#kill);
  }

  async #start(): Promise<ChildProcess> {
    const child = fork(PROGRAM, this.#args, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MOST_STDERR);
    });
    child.on("error", () => {}); // `exit` follows
    const ready = await Promise.race([once(child, "message"), once(child, "exit")]);
    if (ready[0] === "ready") return child;
    throw new Error(`a child process could not start: ${this.#stderr}`);
  }

  #answer(child: ChildProcess, line: string): Promise<Verdict | "timeout" | "exit"> {
    return new Promise((resolve) => {
      const end = (answer: Verdict | "timeout" | "exit") => {
        clearTimeout(limit);
        child.off("message", end).off("exit", ended);
        resolve(answer);
      };
      const ended = () => end("exit");
      const limit = setTimeout(() => end("timeout"), this.#limitMs);
      child.once("message", end).once("exit", ended);
      child.send(line);
    });
  }

  #endOfChild(): string {
    const { signalCode, exitCode } = this.#child ?? {};
    this.#child = null;
    return signalCode ?? `code ${exitCode}`;
  }

  async #withReason(verdict: Verdict): Promise<Verdict> {
    await sleep(STDERR_MS);
    const [, reason] = /error parsing grammar: (.*)/.exec(this.#stderr) ?? [];
    return reason ? { ...verdict, why: `${REFUSED}: ${reason}` } : verdict;
  }

  readonly #kill = (): void => {
    this.#child?.kill("SIGKILL");
    this.#child = null;
  };
}
