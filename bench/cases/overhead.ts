// The cost of serving a token without a model: the real service with an engine that only emits tokens.

import { type ChildProcess, fork } from "node:child_process";
import { on } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Figures, StandaloneCase } from "../../src/bench/case.ts";
import { type FrameCounter, frameCounter } from "../clients/raw-socket.ts";

export type FakeServerOrder =
  | { readonly type: "rate"; readonly tokensPerSecond: number }
  | { readonly type: "begin" }
  | { readonly type: "end" };

export type FakeServerMessage =
  | { readonly type: "ready"; readonly url: string }
  | { readonly type: "begun" }
  | {
      readonly type: "ended";
      readonly cpuMicros: number;
      readonly tokens: number;
      readonly lagP99Ms: number;
    };

const SERVER = fileURLToPath(new URL("../targets/fake-server.ts", import.meta.url));
const STREAMS = 100;
const RATES = [10_000, 50_000];
const WARM_UP_MS = 3_000;
const WINDOW_MS = 5_000;
const ANSWER_MS = 20_000;

export const overhead: StandaloneCase = {
  name: "overhead",
  help: `the server process alone: a fake engine emits ${RATES.join(" and ")} tokens/s over ${STREAMS} streams; CPU time per token, tokens per frame (1 means one chunk per token), event-loop lag`,
  column: "sluice",
  goals: {
    "10000 tok/s: CPU us/token": "<= 40",
    "10000 tok/s: tokens/frame": "<= 1.02",
    "50000 tok/s: lag p99 ms": "< 50",
  },

  async runAlone() {
    const child = fork(SERVER, [String(STREAMS)], { execArgv: ["--import", "tsx"] });
    try {
      const { url } = await answer(child, "ready");
      const readers = await Promise.all(Array.from({ length: STREAMS }, () => reader(url)));
      const figures: Record<string, number> = {};
      for (const rate of RATES) Object.assign(figures, await measure(child, readers, rate));
      return figures;
    } finally {
      child.kill("SIGKILL");
    }
  },
};

function reader(url: string): Promise<FrameCounter> {
  const messages = [{ role: "user", content: "Hi" }];
  return frameCounter({ url, model: "builtin", messages, tokens: 1_000_000 });
}

async function measure(
  child: ChildProcess,
  readers: readonly FrameCounter[],
  tokensPerSecond: number,
): Promise<Figures> {
  const frames = () => readers.reduce((sum, each) => sum + each.frames(), 0);
  order(child, { type: "rate", tokensPerSecond });
  await sleep(WARM_UP_MS);
  order(child, { type: "begin" });
  await answer(child, "begun");
  const framesBefore = frames();
  await sleep(WINDOW_MS);
  order(child, { type: "end" });
  const { cpuMicros, tokens, lagP99Ms } = await answer(child, "ended");
  return {
    [`${tokensPerSecond} tok/s: CPU us/token`]: cpuMicros / tokens,
    [`${tokensPerSecond} tok/s: tokens/frame`]: tokens / (frames() - framesBefore),
    [`${tokensPerSecond} tok/s: lag p99 ms`]: lagP99Ms,
  };
}

function order(child: ChildProcess, message: FakeServerOrder): void {
  child.send(message);
}

async function answer<T extends FakeServerMessage["type"]>(
  child: ChildProcess,
  type: T,
): Promise<Extract<FakeServerMessage, { type: T }>> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  for await (const [message] of on(child, "message", { signal, close: ["exit"] })) {
    const answered = message as FakeServerMessage; // only our child process sends messages
    if (answered.type === type) return answered as Extract<FakeServerMessage, { type: T }>; // just compared
  }
  throw new Error("the fake server has ended");
}
