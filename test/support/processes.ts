// Reads facts about a process and its children from Linux's /proc.

import { readdirSync, readFileSync } from "node:fs";

export type Child = {
  readonly pid: number;
  readonly command: string;
  /** It has ended, but its parent has not collected it (a zombie). */
  readonly isZombie: boolean;
};

/** Running processes and zombies. */
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

/** A zombie does not count as running. */
export function isRunning(pid: number): boolean {
  const stat = readOr(`/proc/${pid}/stat`);
  return stat !== "" && !/ Z /.test(stat);
}

/** When the process started, in clock ticks since the boot: a later process may have the same id. Null if there is none. */
export function startOf(pid: number): string | null {
  const fields = readOr(`/proc/${pid}/stat`).split(") ")[1]?.split(" ");
  return fields?.[19] ?? null;
}

/** Number of open files, sockets and pipes. */
export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Empty if the process has ended in the meantime. */
function readOr(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
