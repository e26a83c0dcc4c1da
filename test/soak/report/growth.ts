// Whether the samples of a run show that something grows.

import { growthOf } from "../../fuzz/memory.ts";
import type { Sample } from "./samples.ts";

export type Growth = {
  /** MB a minute; null where that cannot be told. */
  readonly heap: number | null;
  readonly server: number | null;
  readonly worker: number | null;
  /** Minutes that they were measured in. */
  readonly minutes: number;
};

/** Caches fill up: in a shorter time nothing can be told. */
const LEAST_MINUTES = 2;
/** More than this in all the time that was measured is no noise, in MB. Allocators grow in steps, what is in use does not. */
const MOST_MB = { heap: 4, server: 24, worker: 24 } as const;

/** @param calmFromMs from then on the worker stays the same */
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

/** @param most MB that are no growth, in all the time that was measured */
export function faultsOfGrowth(
  growth: Growth,
  most: Readonly<Record<keyof typeof MOST_MB, number>> = MOST_MB,
): readonly string[] {
  return (["heap", "server", "worker"] as const).flatMap((of) => {
    const each = growth[of];
    if (each === null || each * growth.minutes <= most[of]) return [];
    return [`the memory of the ${of} grows by ${each.toFixed(2)} MB a minute`];
  });
}
