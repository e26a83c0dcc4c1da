// What can be seen of a process and its children from outside, as Linux tells it.

import { readdirSync, readFileSync } from "node:fs";

export type Child = {
  readonly pid: number;
  readonly command: string;
  /** It has ended, and nobody has taken notice. */
  readonly isZombie: boolean;
};

/** Those that run, and those that are not buried yet. */
export function childrenOf(pid: number): readonly Child[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const pids = readOr(`/proc/${pid}/task/${thread}/children`).trim().split(" ").filter(Boolean);
    return pids.map((each) => ({
      pid: Number(each),
      command: readOr(`/proc/${each}/cmdline`),
      isZombie: / Z /.test(readOr(`/proc/${each}/stat`)),
    }));
  });
}

/** One that has ended, and is not buried yet, does not run. */
export function isRunning(pid: number): boolean {
  const stat = readOr(`/proc/${pid}/stat`);
  return stat !== "" && !/ Z /.test(stat);
}

/** Open files, sockets and pipes. */
export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Empty where the process has ended in the meantime. */
function readOr(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
