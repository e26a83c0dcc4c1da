// Decides whether the samples of a run show growing memory.

import { growthOf } from "../../fuzz/memory.ts";
import type { Sample } from "./samples.ts";

export type Growth = {
  /** MB per minute; null if it cannot be determined. */
  readonly heap: number | null;
  readonly server: number | null;
  readonly worker: number | null;
  /** Duration of the measurement. */
  readonly minutes: number;
};

/** Caches fill up at first, so a shorter time shows nothing. */
const LEAST_MINUTES = 2;
/** Growth over the whole measurement, in MB, that is more than noise. Allocators grow in steps; memory in use does not. */
const MOST_MB = { heap: 4, server: 24, worker: 24 } as const;

/** @param calmFromMs time after which the worker is not replaced any more */
export function growthIn(samples: readonly Sample[], calmFromMs: number): Growth {
  const calm = samples.filter(({ atMs }) => atMs >= calmFromMs);
  const minutes = ((calm.at(-1)?.atMs ?? 0) - (calm[0]?.atMs ?? 0)) / 60_000;
  const perMinute = (of: (sample: Sample) => number) => {
    const growth = growthOf(calm.map(of));
    return growth === null || minutes < LEAST_MINUTES
      ? null
      : (growth * (calm.length - 1)) / minutes;
  };
  return {
    heap: perMinute(({ heapMb }) => heapMb),
    server: perMinute(({ serverMb }) => serverMb),
    worker: perMinute(({ workerMb }) => workerMb),
    minutes,
  };
}

/** @param most limits in MB over the whole measurement */
export function faultsOfGrowth(
  growth: Growth,
  most: Readonly<Record<keyof typeof MOST_MB, number>> = MOST_MB,
): readonly string[] {
  return (["heap", "server", "worker"] as const).flatMap((of) => {
    const each = growth[of];
    if (each === null || each * growth.minutes <= most[of]) return [];
    return [`the memory of the ${of} grows by ${each.toFixed(2)} MB per minute`];
  });
}
