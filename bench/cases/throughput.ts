// Closed loop: N readers at once, each a new prompt.

import type { Case } from "../case.ts";
import { percentile } from "../stats.ts";
import { randomPrompt, streamChat } from "../stream-client.ts";

export const throughput: Case = {
  name: "throughput",
  help: "tokens/s of all streams together, TTFT and inter-token time (ITL) at each level of --streams",

  async run({ url, model }, { streams, promptWords, tokens }) {
    const figures: Record<string, number> = {};
    for (const level of streams) {
      const startedMs = performance.now();
      const results = await Promise.all(
        Array.from({ length: level }, () => {
          const messages = [{ role: "user", content: randomPrompt(promptWords) }];
          return streamChat({ url, model, messages, tokens });
        }),
      );
      const seconds = (performance.now() - startedMs) / 1000;
      const total = results.reduce((sum, result) => sum + result.tokens, 0);
      const gaps = results.flatMap((result) => result.gapsMs);
      const ttfts = results.map((result) => result.ttftMs);
      figures[`${level} streams tok/s`] = total / seconds;
      figures[`${level} streams TTFT p50 ms`] = percentile(ttfts, 0.5);
      figures[`${level} streams TTFT p95 ms`] = percentile(ttfts, 0.95);
      figures[`${level} streams ITL p50 ms`] = percentile(gaps, 0.5);
      figures[`${level} streams ITL p99 ms`] = percentile(gaps, 0.99);
    }
    return figures;
  },
};
