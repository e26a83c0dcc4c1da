// The readers of all streams, and what they measure. With --nats they read from a cluster, otherwise from workers in this process.

import { setTimeout as sleep } from "node:timers/promises";
import { cpuMicros } from "../../src/bench/process-usage.ts";
import type { GenerateEvent } from "../../src/generation/events.ts";
import { workersInProcess } from "./in-process.ts";
import { Latencies, type LatencyFigures } from "./latencies.ts";
import { readClusterOptions } from "./options.ts";

/** The process reports this at the beginning and at the end of the measurement. */
export type ReadersReport =
  | { readonly type: "began" }
  | ({ readonly type: "ended"; readonly cpuMicros: number } & LatencyFigures);

/** Streams that are started at a time, so that the nodes do not get all at once. */
const STARTED_AT_A_TIME = 100;
const WARM_UP_MS = 5_000;

const options = readClusterOptions(process.argv.slice(2));
const start = options.nats
  ? await (await import("./in-cluster.ts")).streamsOfCluster(options)
  : workersInProcess(options);
const latencies = new Latencies();
let begun = 0;
let failure: Error | null = null;
for (let count = 0; count < options.streams; count++) {
  void read(start());
  if (count % STARTED_AT_A_TIME === 0) await sleep(5);
}
while (begun < options.streams && !failure) await sleep(50);
if (failure) throw failure;
await sleep(WARM_UP_MS);
report({ type: "began" });
const before = cpuMicros(process.pid);
latencies.isCounting = true;
await sleep(options.seconds * 1000);
latencies.isCounting = false;
const used = cpuMicros(process.pid) - before;
report({ type: "ended", cpuMicros: used, ...latencies.figures });
if (failure) throw failure;
process.disconnect?.();
process.exit(0);

async function read(events: AsyncIterable<GenerateEvent>): Promise<void> {
  let isFirst = true;
  try {
    for await (const event of events) {
      if (isFirst) begun += 1;
      isFirst = false;
      if (event.type === "text-delta") latencies.add(event.text);
    }
  } catch (error) {
    failure = error as Error;
  }
}

function report(message: ReadersReport): void {
  process.send?.(message);
}
