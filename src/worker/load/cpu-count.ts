// How many CPUs this process may use: the scheduler's affinity mask and the container's quota, whichever is less.

import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** At least 1. Node 20 knows the affinity mask, but not the quota of a container. */
export function usableCpus(readText: (file: string) => string | null = readIfThere): number {
  return Math.max(
    1,
    Math.min(availableParallelism(), Math.floor(cgroupQuota(readText) ?? Infinity)),
  );
}

/** CPUs that the cgroup grants, e.g. 1.5; null when there is no limit. Formats: cgroup-v2 `cpu.max`, cgroup-v1 `cpu.cfs_*`. */
export function cgroupQuota(readText: (file: string) => string | null): number | null {
  const v2 = readText("/sys/fs/cgroup/cpu.max")?.trim().split(/\s+/);
  if (v2) return ratio(v2[0], v2[1]);
  return ratio(
    readText("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")?.trim(),
    readText("/sys/fs/cgroup/cpu/cpu.cfs_period_us")?.trim(),
  );
}

function ratio(quota: string | undefined, period: string | undefined): number | null {
  const cpus = Number(quota) / Number(period);
  return Number.isFinite(cpus) && cpus > 0 ? Math.max(1, cpus) : null; // "max" and -1: no limit
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null; // not Linux, or no such cgroup version
  }
}
