// Closed loop: N readers at once, each with a new prompt.

import type { Figures, ServerCase, Target, UrlOptions } from "../case.ts";
import { randomPrompt } from "../clients/prompts.ts";
import { allComplete, streamChat } from "../clients/stream-client.ts";
import { cpuMicros } from "../process-usage.ts";
import { gapsMs, percentile } from "../stats.ts";

export const throughput: ServerCase<UrlOptions> = {
  name: "throughput",
  help: "tokens/s of all streams together, TTFT and inter-token time (ITL) at each level of --streams; if the process id is known, also its CPU time per token (Sluice computes in a second process, which is not counted; a server with one process shows all of its work)",
  goals: { "1 streams TTFT p95 ms": "< 300", "4 streams TTFT p95 ms": "< 1000" },

  async run(target, options) {
    const figures: Record<string, number> = {};
    for (const level of options.streams) {
      Object.assign(figures, await measure(target, level, options));
    }
    return figures;
  },
};

async function measure(
  { url, model, apiKey, pid }: Target,
  level: number,
  { promptWords, tokens }: UrlOptions,
): Promise<Figures> {
  const startedMs = performance.now();
  const cpuBefore = cpuMicros(pid);
  const results = await allComplete(
    Array.from({ length: level }, () => {
      const messages = [{ role: "user", content: randomPrompt(promptWords) }];
      return streamChat({ url, model, apiKey, messages, tokens });
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  const total = results.reduce((sum, result) => sum + result.tokens, 0);
  const gaps = gapsMs(results.map(({ textAtMs }) => textAtMs));
  const ttfts = results.map(({ ttftMs }) => ttftMs);
  return {
    [`${level} streams tok/s`]: total / seconds,
    [`${level} streams TTFT p50 ms`]: percentile(ttfts, 0.5),
    [`${level} streams TTFT p95 ms`]: percentile(ttfts, 0.95),
    [`${level} streams ITL p50 ms`]: percentile(gaps, 0.5),
    [`${level} streams ITL p99 ms`]: percentile(gaps, 0.99),
    [`${level} streams server CPU us/token`]: (cpuMicros(pid) - cpuBefore) / total,
  };
}
