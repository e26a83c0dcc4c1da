// Counts the open files of a process by kind, which shows where a leak is.

import { readdirSync, readlinkSync } from "node:fs";

export type OpenFiles = Readonly<Record<string, number>>;

export function openFilesOf(pid: number): OpenFiles {
  const folder = `/proc/${pid}/fd`;
  const counts: Record<string, number> = {};
  for (const each of readdirSync(folder)) {
    const kind = kindOf(`${folder}/${each}`);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

export function totalOf(files: OpenFiles): number {
  return Object.values(files).reduce((sum, count) => sum + count, 0);
}

/** `socket`, `pipe`, `anon_inode`, or the path of a file. */
function kindOf(link: string): string {
  try {
    return readlinkSync(link).split(":")[0] ?? "";
  } catch {
    return "closed";
  }
}
