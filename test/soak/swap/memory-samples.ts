// The memory of the models during `npm run swap-rounds`: as the server counts it, and as the system sees it.

import { readFileSync } from "node:fs";
import { childrenOf } from "../../support/processes.ts";

export type Sample = {
  /** Since the start. */
  readonly atSeconds: number;
  /** What the server counts against its budget. */
  readonly countedMb: number;
  /** Private memory of all worker processes. */
  readonly privateMb: number;
  readonly loaded: number;
  readonly waiting: number;
};

type SampledServer = {
  readonly url: string;
  readonly pid: number;
  readonly key: string;
  readonly startedAtMs: number;
};

export async function sampleOf({ url, pid, key, startedAtMs }: SampledServer): Promise<Sample> {
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${key}` } });
  const text = await response.text();
  const metric = (name: string) =>
    Number(new RegExp(`^sluice_${name} (\\S+)$`, "m").exec(text)?.[1]);
  return {
    atSeconds: (performance.now() - startedAtMs) / 1000,
    countedMb: metric("models_ram_bytes") / 1e6,
    privateMb: childrenOf(pid).reduce((sum, child) => sum + privateMb(child.pid), 0),
    loaded: metric("models_loaded"),
    waiting: metric("queue_length"),
  };
}

export function workersOf(pid: number): number {
  return childrenOf(pid).filter(({ isZombie }) => !isZombie).length;
}

/** 0 for a process that has ended. */
function privateMb(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const parts = [...rollup.matchAll(/^Private_\w+:\s+(\d+) kB/gm)];
    return parts.reduce((sum, [, kilobytes]) => sum + Number(kilobytes) / 1000, 0);
  } catch {
    return 0;
  }
}
