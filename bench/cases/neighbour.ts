// Another process keeps one core busy, as on any shared machine.

import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { CaseOptions, ServerCase, Target } from "../../src/bench/case.ts";
import { randomPrompt } from "../../src/bench/clients/prompts.ts";
import { streamChat } from "../../src/bench/clients/stream-client.ts";
import { gapsMs, percentile } from "../../src/bench/stats.ts";

const STREAMS = 2;
/** How long each measurement requests answers. */
const MEASURE_MS = 4000;
/** Limit for a server that has almost stopped. */
const LIMIT_MS = 30_000;
const START_MS = 300;
/** The neighbour ends by itself if nothing stops it earlier. */
const NEIGHBOUR = "const startedMs = Date.now(); while (Date.now() - startedMs < 60_000);";

export const neighbour: ServerCase = {
  name: "neighbour",
  help: `${STREAMS} streams on a quiet machine, then beside a process that keeps one core busy, then after that process has ended: tokens/s and ITL`,
  goals: { "afterwards / quiet tok/s": ">= 0.9" },

  async run(target, options) {
    const quiet = await measure(target, options);
    const busy = spawn(process.execPath, ["-e", NEIGHBOUR], { stdio: "ignore" });
    const beside = await withNeighbour(busy, () => measure(target, options));
    await sleep(START_MS);
    const justAfterwards = await measure(target, options);
    const afterwards = await measure(target, options);
    return {
      "quiet tok/s": quiet.rate,
      "beside tok/s": beside.rate,
      "just afterwards tok/s": justAfterwards.rate,
      "afterwards tok/s": afterwards.rate,
      "beside / quiet tok/s": beside.rate / quiet.rate,
      "afterwards / quiet tok/s": afterwards.rate / quiet.rate,
      "quiet ITL p99 ms": quiet.p99,
      "beside ITL p99 ms": beside.p99,
    };
  },
};

async function withNeighbour<T>(busy: ChildProcess, work: () => Promise<T>): Promise<T> {
  try {
    await sleep(START_MS);
    return await work();
  } finally {
    busy.kill("SIGKILL");
  }
}

async function measure(target: Target, options: CaseOptions) {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const streams = await Promise.all(
    Array.from({ length: STREAMS }, () => answers(target, options, signal)),
  );
  return {
    rate: streams.reduce((sum, { rate }) => sum + rate, 0),
    p99: percentile(
      streams.flatMap(({ gaps }) => gaps),
      0.99,
    ),
  };
}

/** Reads one stream after the other, the last one to its end. */
async function answers(
  { url, model }: Target,
  { promptWords, tokens }: CaseOptions,
  signal: AbortSignal,
) {
  const startedMs = performance.now();
  const gaps: number[] = [];
  let total = 0;
  while (performance.now() - startedMs < MEASURE_MS) {
    const messages = [{ role: "user", content: randomPrompt(promptWords) }];
    const result = await streamChat({ url, model, messages, tokens, signal });
    if (result.outcome !== "complete" && result.outcome !== "aborted") {
      throw new Error(`a stream ended ${result.outcome} with status ${result.status}`);
    }
    total += result.tokens;
    gaps.push(...gapsMs([result.textAtMs]));
  }
  return { rate: total / ((performance.now() - startedMs) / 1000), gaps };
}
