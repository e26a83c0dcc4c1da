// Ends the worker in all the ways in which one ends, and waits for what comes of it.

import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "./kinds/random.ts";
import type { Kill } from "./report/ledger.ts";
import { type SoakServer, workerOf } from "./server.ts";

/**
 * `SIGKILL` is also what the kernel does to a process when the machine has no memory left. `no-memory` takes the address
 * space from it: the next allocation fails, and it ends by itself. `SIGSTOP` hangs it, until the server misses its heartbeat.
 */
const WAYS = ["SIGKILL", "SIGSEGV", "SIGSTOP", "no-memory"] as const;
type Way = (typeof WAYS)[number];

const POLL_MS = 10;
/** A worker that has not ended by then never will. */
const MOST_MS = 20_000;
/** One without memory that needs none lives on: then the kernel's way. */
const NO_MEMORY_MS = 3_000;
/** One in so many dies while the next one still loads, the others after so long at most. */
const EARLY_SHARE = 0.15;
const EARLY_MS = 500;
const LATE_MS = 2_500;

/** Some time after there is a worker. @returns null when the server has ended */
export async function killAtRandom(
  server: SoakServer,
  random: Random,
  ways: readonly Way[] = WAYS,
): Promise<Kill | null> {
  const pid = await nextWorker(server);
  if (pid === null) return null;
  const isEarly = random.next() < EARLY_SHARE;
  const way = isEarly ? "SIGKILL" : random.pick(ways); // the heart of one that loads does not beat yet
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
