// Waits until a server under test is idle, and measures its memory.

import { setTimeout as sleep } from "node:timers/promises";
import type { Target } from "./case.ts";
import { residentMb } from "./process-usage.ts";

const METRICS_MS = 5_000;
const IDLE_MS = 60_000;
const POLL_MS = 100;
const WAITING_MS = 20_000;
/** How long to wait for a server that does not report its state. */
const UNKNOWN_MS = 3_000;
/** How long to wait for a garbage collection. It runs as soon as the signal arrives. */
const COLLECTION_MS = 1_000;

export type Memory = {
  /** NaN if the process id is unknown. */
  readonly residentMb: number;
  /** JavaScript heap and external memory after a garbage collection; NaN unless it is Sluice. */
  readonly heapMb: number;
  /** Requests waiting for a slot; NaN unless it is Sluice. */
  readonly waiting: number;
};

export async function memoryOf(target: Target): Promise<Memory> {
  const { pid, isSluice } = target;
  if (!isSluice || pid === null) {
    return { residentMb: residentMb(pid), heapMb: Number.NaN, waiting: Number.NaN };
  }
  process.kill(pid, "SIGUSR2");
  await sleep(COLLECTION_MS);
  const metric = await readMetrics(target);
  const bytes =
    metric("sluice_nodejs_heap_size_used_bytes") + metric("sluice_nodejs_external_memory_bytes");
  return {
    residentMb: residentMb(pid),
    heapMb: bytes / 2 ** 20,
    waiting: metric("sluice_queue_length"),
  };
}

/** Waits until no request runs or waits. @throws Error if that takes too long */
export async function untilIdle(target: Target): Promise<void> {
  const isIdle = (metric: Metric) =>
    metric("sluice_slots_busy") + metric("sluice_queue_length") === 0;
  if (await until(target, isIdle, IDLE_MS)) return;
  throw new Error(`it was not idle within ${IDLE_MS / 1000} s`);
}

/** Waits until `count` requests wait for a slot, or for a limited time if they never do. */
export async function untilWaiting(target: Target, count: number): Promise<void> {
  await until(target, (metric) => metric("sluice_queue_length") >= count, WAITING_MS);
}

type Metric = (name: string) => number;

/** @returns whether the condition held within the limit; assumed for a server that does not report its state */
async function until(
  target: Target,
  holds: (metric: Metric) => boolean,
  limitMs: number,
): Promise<boolean> {
  if (!target.isSluice) return sleep(UNKNOWN_MS, true);
  const deadlineMs = performance.now() + limitMs;
  while (!holds(await readMetrics(target))) {
    if (performance.now() > deadlineMs) return false;
    await sleep(POLL_MS);
  }
  return true;
}

async function readMetrics({ url }: Target): Promise<Metric> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(METRICS_MS) });
  const text = await response.text();
  return (name) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? Number.NaN);
}
