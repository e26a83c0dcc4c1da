// Fuzzes WebSockets of a separate server with a key, because behaviour before authentication is part of the test. Whatever is
// sent, the server must keep running, catch all its errors, and limit its memory at every moment.

import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { residentMb } from "../../../src/bench/process-usage.ts";
import type { Summary } from "../driver.ts";
import { collectGarbage, type Server, startServer } from "../server.ts";
import { runSocketScript } from "./run-socket-script.ts";
import { type SocketScript, socketScripts, unreadFlood } from "./socket-scripts.ts";

const KEY = "fuzz-key";
const SOCKETS = 12;
/** Number of scripts as a share of the number of bodies. */
const SHARE = 1 / 4;
const WARM_UP = 12;
/** Memory limit at any moment: some megabytes per socket, plus uncollected garbage. */
const MOST_MB = 120;
const SAMPLE_MS = 20;
/** Runs of at least this many scripts also run those that take seconds. */
const LONG_RUN_FROM = 500;

type Run = { readonly seed: number; readonly bodies: number; readonly only: string | null };

export async function fuzzSockets({ seed, bodies, only }: Run): Promise<Summary> {
  const server = await startServer("--api-key", KEY);
  const count = Math.ceil(only === "sockets" ? bodies : bodies * SHARE) + WARM_UP;
  const scripts = fc.sample(socketScripts(KEY), { seed, numRuns: count });
  const faults: string[] = [];
  const playOne = async (script: SocketScript, index: number) => {
    const found = server.isGone() ? [] : await runSocketScript(server.url, script);
    faults.push(...found.map((fault) => `script ${index} of seed ${seed}: ${fault}`));
  };
  const playAll = async (all: readonly SocketScript[]) => {
    const entries = all.entries();
    const lane = async () => {
      for (const [index, script] of entries) await playOne(script, index);
    };
    await Promise.all(Array.from({ length: SOCKETS }, lane));
  };
  await playAll(scripts.slice(0, WARM_UP));
  const memory = watchMemory(server);
  const floods = count < LONG_RUN_FROM ? [] : [unreadFlood(KEY), unreadFlood(null)];
  await playAll([...floods, ...scripts.slice(WARM_UP)]);
  faults.push(...(await faultsOfServer(server)));
  const { before, most } = memory.stop();
  if (most - before > MOST_MB)
    faults.push(`memory: from ${before.toFixed(0)} to ${most.toFixed(0)} MB`);
  server.stop();
  const summary = `${count} WebSockets, memory from ${before.toFixed(0)} to at most ${most.toFixed(0)} MB, ${faults.length} findings`;
  return { text: [summary, ...faults.slice(0, 20)].join("\n"), findings: faults.length };
}

function watchMemory({ pid }: Server) {
  if (pid !== null) collectGarbage(pid);
  const before = residentMb(pid);
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, residentMb(pid));
  }, SAMPLE_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return { before, most };
    },
  };
}

async function faultsOfServer(server: Server): Promise<string[]> {
  if (server.isGone()) return ["the server has ended", ...server.complaints];
  await sleep(SAMPLE_MS);
  const headers = { authorization: `Bearer ${KEY}` };
  const get = (path: string) =>
    fetch(server.url + path, { headers, signal: AbortSignal.timeout(10_000) });
  const faults = [...server.complaints];
  if (!(await get("/ready")).ok) faults.push("it is not ready");
  const uncaught = /^sluice_uncaught_total (\d+)$/m.exec(await (await get("/metrics")).text())?.[1];
  if (uncaught !== "0") faults.push(`sluice_uncaught_total is ${uncaught}`);
  return faults;
}
