// How many CPUs this process may use: the smaller of the scheduler's affinity mask and the container's quota.

import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** At least 1. Node 20 reads the affinity mask but not the container's quota. */
export function usableCpus(readText: (file: string) => string | null = readIfExists): number {
  return Math.max(
    1,
    Math.min(availableParallelism(), Math.floor(cgroupQuota(readText) ?? Infinity)),
  );
}

/** CPUs that the cgroup allows, e.g. 1.5; null without a limit. Files: cgroup-v2 `cpu.max`, cgroup-v1 `cpu.cfs_*`. */
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
  return Number.isFinite(cpus) && cpus > 0 ? Math.max(1, cpus) : null; // "max" and -1 mean no limit
}

function readIfExists(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null; // not Linux, or no such cgroup version
  }
}
