// Requests arrive at a fixed rate, whether or not earlier ones have ended: where is the knee?

import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerCase, Target, UrlOptions } from "../case.ts";
import { randomPrompt } from "../clients/prompts.ts";
import { type StreamResult, streamChat } from "../clients/stream-client.ts";
import { untilIdle } from "../server-state.ts";
import { percentile } from "../stats.ts";

const SECONDS = 10;
/** An answer that is incomplete this long after the last arrival counts as not served. */
const PATIENCE_MS = 20_000;
/** Up to the knee, all requests are served, and nearly all get their first token within this time. */
const KNEE_TTFT_MS = 1000;

export const arrivalRate: ServerCase<UrlOptions> = {
  name: "arrival-rate",
  help: `each --rate of requests per second for ${SECONDS} s: TTFT at that rate, requests not served within ${PATIENCE_MS / 1000} s of the last arrival, and the knee: the highest rate at which all were served with a TTFT p95 under ${KNEE_TTFT_MS / 1000} s`,

  async run(target, options) {
    const figures: Record<string, number> = {};
    let knee = 0;
    for (const rate of options.rates) {
      const results = await atRate(target, options, rate);
      const served = results.filter(({ outcome }) => outcome === "complete");
      const ttfts = served.map(({ ttftMs }) => ttftMs);
      const p95 = percentile(ttfts, 0.95);
      figures[`at ${rate} requests/s: TTFT p50 ms`] = percentile(ttfts, 0.5);
      figures[`at ${rate} requests/s: TTFT p95 ms`] = p95;
      figures[`at ${rate} requests/s: lost`] = results.length - served.length;
      if (served.length === results.length && p95 < KNEE_TTFT_MS) knee = Math.max(knee, rate);
      await untilIdle(target);
    }
    return { ...figures, "knee requests/s": knee };
  },
};

async function atRate(
  { url, model, apiKey }: Target,
  { promptWords, tokens }: UrlOptions,
  rate: number,
): Promise<readonly StreamResult[]> {
  const controller = new AbortController();
  const { signal } = controller;
  setMaxListeners(0, signal);
  const startedMs = performance.now();
  const requests: Promise<StreamResult>[] = [];
  for (let request = 0; request < rate * SECONDS; request++) {
    await sleep(Math.max(0, startedMs + (1000 * request) / rate - performance.now()));
    const messages = [{ role: "user", content: randomPrompt(promptWords) }];
    requests.push(streamChat({ url, model, apiKey, messages, tokens, signal }));
  }
  const patience = setTimeout(() => controller.abort(), PATIENCE_MS);
  const results = await Promise.all(requests);
  clearTimeout(patience);
  return results;
}
