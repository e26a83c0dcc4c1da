// Memory and CPU time of a server process on Linux.

import { readdirSync, readFileSync } from "node:fs";

/** Resident memory in MB; NaN on other systems. */
export function residentMb(pid: number | null): number {
  if (pid === null || process.platform !== "linux") return Number.NaN;
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** CPU time of all threads so far, in microseconds; NaN on other systems. */
export function cpuMicros(pid: number | null): number {
  if (pid === null || process.platform !== "linux") return Number.NaN;
  const threads = readdirSync(`/proc/${pid}/task`);
  // The ticks of /proc/PID/stat are too coarse: each is 10 ms, which is hundreds of tokens.
  const nanos = threads.map((thread) => readNanos(`/proc/${pid}/task/${thread}/schedstat`));
  return nanos.reduce((sum, each) => sum + each, 0) / 1000;
}

function readNanos(file: string): number {
  try {
    return Number(readFileSync(file, "utf8").split(" ")[0]);
  } catch {
    return 0; // the thread has just ended
  }
}
