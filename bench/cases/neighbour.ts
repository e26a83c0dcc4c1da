// One core is kept busy by another process, as on any shared machine.

import { spawn } from "node:child_process";
import type { Case } from "../case.ts";
import { percentile } from "../stats.ts";
import { randomPrompt, streamChat } from "../stream-client.ts";

export const neighbour: Case = {
  name: "neighbour",
  help: "2 streams on a quiet machine, then beside a process that keeps one core busy: tokens/s and ITL",

  async run({ url, model }, { promptWords, tokens }) {
    const measure = async () => {
      const startedMs = performance.now();
      const results = await Promise.all(
        [1, 2].map(() => {
          const messages = [{ role: "user", content: randomPrompt(promptWords) }];
          return streamChat({ url, model, messages, tokens });
        }),
      );
      const total = results.reduce((sum, result) => sum + result.tokens, 0);
      return {
        rate: total / ((performance.now() - startedMs) / 1000),
        p99: percentile(
          results.flatMap((result) => result.gapsMs),
          0.99,
        ),
      };
    };
    const quiet = await measure();
    const busy = spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" });
    try {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const beside = await measure();
      return {
        "quiet tok/s": quiet.rate,
        "beside tok/s": beside.rate,
        "quiet ITL p99 ms": quiet.p99,
        "beside ITL p99 ms": beside.p99,
      };
    } finally {
      busy.kill("SIGKILL");
    }
  },
};
