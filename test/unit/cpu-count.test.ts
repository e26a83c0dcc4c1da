// The container's CPU quota, from the files of cgroup versions 1 and 2.

import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { cgroupQuota, usableCpus } from "../../src/cpu-count.ts";

function files(contents: Readonly<Record<string, string>>) {
  return (file: string): string | null => contents[file] ?? null;
}

function v2(cpuMax: string) {
  return files({ "/sys/fs/cgroup/cpu.max": cpuMax });
}

function v1(quota: string, period: string) {
  return files({
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": quota,
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us": period,
  });
}

test.each([
  ["200000 100000\n", 2],
  ["150000 100000\n", 1.5],
  ["25000 100000\n", 1],
  ["max 100000\n", null],
  ["", null],
  ["nonsense", null],
])("reads cgroup v2's cpu.max %j as %j CPUs", (cpuMax, cpus) => {
  expect(cgroupQuota(v2(cpuMax))).toBe(cpus);
});

test.each([
  ["300000\n", "100000\n", 3],
  ["250000\n", "100000\n", 2.5],
  ["50000\n", "100000\n", 1],
  ["-1\n", "100000\n", null],
])("reads cgroup v1's quota %j in %j as %j CPUs", (quota, period, cpus) => {
  expect(cgroupQuota(v1(quota, period))).toBe(cpus);
});

test("returns no limit without cgroup files", () => {
  expect(cgroupQuota(files({}))).toBeNull();
});

test("prefers version 2 when both are mounted", () => {
  const both = files({
    "/sys/fs/cgroup/cpu.max": "max 100000",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
  });

  expect(cgroupQuota(both)).toBeNull();
});

test("uses whole CPUs only, and at least one", () => {
  expect(usableCpus(v2("190000 100000"))).toBe(1);
  expect(usableCpus(v2("1000 100000"))).toBe(1);
});

test("uses no more than the affinity mask allows, whatever the quota", () => {
  expect(usableCpus(v2("99900000 100000"))).toBe(availableParallelism());
  expect(usableCpus(files({}))).toBe(availableParallelism());
});
