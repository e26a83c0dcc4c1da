// Logs the worker's stdout and stderr: the last messages of native code, and stacks of bugs. llama.cpp also prints client data,
// such as a grammar that it cannot parse, so only lines with a known prefix are logged.

import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

/** Prefixes of ggml, llama.cpp, CUDA, the C++ runtime and Node. */
const KNOWN_PREFIXES = [
  /^(ggml|llama|gguf|CUDA|cuda|Metal|Vulkan)[\w .-]*:/,
  /^\S+\.(cpp|c|cu|cuh|h|m|mm):\d+: /,
  /^(terminate called|libc\+\+abi|\s+what\(\):|Segmentation fault|Aborted)/,
  /^\s+at /,
  /^Node\.js v/,
];
/** Only the error's name is logged, because its message may quote client data. */
const ERROR = /^(?:Uncaught )?(\w*Error)\b/;

/** @returns the part of a line that may be logged; null for none */
export function loggable(line: string): string | null {
  if (KNOWN_PREFIXES.some((prefix) => prefix.test(line))) return line;
  return ERROR.exec(line)?.[1] ?? null;
}

/**
 * @param log receives the lines that may be logged
 * @returns a function that gives the last of them; null for none
 */
export function logOutput(
  { stdout, stderr }: Pick<ChildProcess, "stdout" | "stderr">,
  log: (level: "warn", message: string) => void,
): () => string | null {
  let lastLine: string | null = null;
  for (const input of [stdout, stderr]) {
    if (!input) continue;
    const lines = createInterface({ input });
    lines.on("error", () => {}); // an unhandled error would end the process; the rest of the output is lost
    lines.on("line", (line) => {
      const shown = loggable(line);
      if (shown === null) return;
      lastLine = shown;
      log("warn", `worker: ${shown}`);
    });
  }
  return () => lastLine;
}
