// Kills the worker in every way a process can die, and waits for the result.

import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "./kinds/random.ts";
import type { Kill } from "./report/ledger.ts";
import { type SoakServer, workerOf } from "./server.ts";

/**
 * `SIGKILL` is also what the kernel does when the machine runs out of memory. `no-memory` limits the worker's address space,
 * so the next allocation fails and it ends by itself. `SIGSTOP` hangs it until the server misses its heartbeat.
 */
const WAYS = ["SIGKILL", "SIGSEGV", "SIGSTOP", "no-memory"] as const;
type Way = (typeof WAYS)[number];

const POLL_MS = 10;
/** A worker that survives longer counts as unkillable. */
const MOST_MS = 20_000;
/** A worker that allocates nothing survives `no-memory`; after this time it gets SIGKILL. */
const NO_MEMORY_MS = 3_000;
/** Share of kills while the worker is still loading, and the longest delays before a kill. */
const EARLY_SHARE = 0.15;
const EARLY_MS = 500;
const LATE_MS = 2_500;

/** Kills the worker some time after it started. @returns null if the server has ended */
export async function killAtRandom(
  server: SoakServer,
  random: Random,
  ways: readonly Way[] = WAYS,
): Promise<Kill | null> {
  const pid = await nextWorker(server);
  if (pid === null) return null;
  const isEarly = random.next() < EARLY_SHARE;
  const way = isEarly ? "SIGKILL" : random.pick(ways); // a loading worker has no heartbeat yet
  if (!isEarly) await ready(server);
  await sleep(random.between(0, isEarly ? EARLY_MS : LATE_MS));
  return kill(server, pid, way);
}

async function kill(server: SoakServer, pid: number, way: Way): Promise<Kill> {
  if (way === "no-memory") spawnSync("prlimit", [`--pid=${pid}`, "--as=1"]);
  else process.kill(pid, way);
  const startedAtMs = performance.now();
  let used: string = way;
  while (workerOf(server.pid) === pid && !server.isGone()) {
    const waitedMs = performance.now() - startedAtMs;
    if (waitedMs > MOST_MS) throw new Error(`the worker survives ${way}`);
    if (way === "no-memory" && waitedMs > NO_MEMORY_MS && used === way) {
      process.kill(pid, "SIGKILL");
      used = "SIGKILL";
    }
    await sleep(POLL_MS);
  }
  return { way: used, atMs: performance.now() };
}

async function nextWorker(server: SoakServer): Promise<number | null> {
  while (!server.isGone()) {
    const pid = workerOf(server.pid);
    if (pid !== null) return pid;
    await sleep(POLL_MS);
  }
  return null;
}

async function ready({ url, isGone }: SoakServer): Promise<void> {
  while (!isGone()) {
    const { status } = await fetch(`${url}/ready`);
    if (status === 200) return;
    await sleep(POLL_MS);
  }
}
