// What a worker prints by itself: the last words of native code, and the stack of a bug. llama.cpp also prints what it cannot
// read, a client's grammar among it, and that is nobody's business: only lines of known beginnings go to the log.

import type { ChildProcess } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";

/** As ggml, llama.cpp, CUDA, the C++ runtime and Node begin theirs. */
const KNOWN = [
  /^(ggml|llama|gguf|CUDA|cuda|Metal|Vulkan)[\w .-]*:/,
  /^\S+\.(cpp|c|cu|cuh|h|m|mm):\d+: /,
  /^(terminate called|libc\+\+abi|\s+what\(\):|Segmentation fault|Aborted)/,
  /^\s+at /,
  /^Node\.js v/,
];
/** Its message may quote what it is about. */
const ERROR = /^(?:Uncaught )?(\w*Error)\b/;

/** @returns what of a line may be logged; null for nothing */
export function loggable(line: string): string | null {
  if (KNOWN.some((beginning) => beginning.test(line))) return line;
  return ERROR.exec(line)?.[1] ?? null;
}

/** What one worker prints until its end. */
export class WorkerOutput {
  #lastLine: string | null = null;

  /** @param log gets the lines that are meant for it */
  constructor(
    { stdout, stderr }: Pick<ChildProcess, "stdout" | "stderr">,
    log: (level: "warn", message: string) => void,
  ) {
    for (const input of [stdout, stderr]) {
      if (!input) continue;
      const lines = createInterface({ input });
      lines.on("error", () => {}); // the rest of its output is lost; without this, the process would end
      lines.on("line", (line) => {
        const shown = loggable(line);
        if (shown === null) return;
        this.#lastLine = shown;
        log("warn", `worker: ${shown}`);
      });
    }
  }

  /** How a worker ended that was loading its model. The file's name alone: clients that wait for the model are told. */
  endWhileLoading(how: string, modelPath: string): string {
    const words = this.#lastLine === null ? "" : `; its last message: ${this.#lastLine}`;
    return `the ${how} while it read ${path.basename(modelPath)}${words}`;
  }
}
