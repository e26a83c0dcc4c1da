// The real service around an engine without a model: what serving costs. A child of cases/overhead.ts, on its orders.

import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { createService } from "../src/service.ts";
import type { FromFakeServer, ToFakeServer } from "./cases/overhead.ts";
import { PacedEngine } from "./paced-engine.ts";

const [slots] = process.argv.slice(2).map(Number);
const engine = new PacedEngine();
const service = createService(
  { port: 0, slots: slots ?? 1, queue: 0, logLevel: "silent" },
  { engine },
);
let window: { delay: IntervalHistogram; cpu: NodeJS.CpuUsage; tokens: number } | null = null;

process.on("disconnect", () => process.exit(0));
process.on("message", (order: ToFakeServer) => {
  if (order.type === "rate") engine.setRate(order.tokensPerSecond);
  else if (order.type === "begin") begin();
  else end();
});
send({ type: "ready", url: await service.listen() });

function begin(): void {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  window = { delay, cpu: process.cpuUsage(), tokens: engine.tokens };
  send({ type: "begun" });
}

function end(): void {
  if (!window) return;
  const { user, system } = process.cpuUsage(window.cpu);
  const tokens = engine.tokens - window.tokens;
  window.delay.disable();
  const lagP99Ms = window.delay.percentile(99) / 1e6;
  send({ type: "ended", cpuMicros: user + system, tokens, lagP99Ms });
}

function send(message: FromFakeServer): void {
  process.send?.(message);
}
