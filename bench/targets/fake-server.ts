// The real service with an engine without a model, to measure the cost of serving. A child process controlled by
// cases/overhead.ts.

import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { createService } from "../../src/service.ts";
import type { FakeServerMessage, FakeServerOrder } from "../cases/overhead.ts";
import { PacedEngine } from "./paced-engine.ts";

const [slots] = process.argv.slice(2).map(Number);
const engine = new PacedEngine();
const service = createService(
  { port: 0, slots: slots ?? 1, queue: 0, logLevel: "silent" },
  { engine },
);
let window: { delay: IntervalHistogram; cpu: NodeJS.CpuUsage; tokens: number } | null = null;

process.on("disconnect", () => process.exit(0));
process.on("message", (order: FakeServerOrder) => {
  if (order.type === "rate") engine.setRate(order.tokensPerSecond);
  else if (order.type === "begin") begin();
  else end();
});
const [url = ""] = await service.listen();
send({ type: "ready", url });

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

function send(message: FakeServerMessage): void {
  process.send?.(message);
}
