// What a person feels: the first word of a short prompt, and what streaming gains over waiting.

import type { Case, Target } from "../case.ts";
import { percentile } from "../stats.ts";
import { randomPrompt, streamChat } from "../stream-client.ts";

const REQUESTS = 20;

export const latency: Case = {
  name: "latency",
  help: `${REQUESTS} short prompts one after the other, streamed and buffered: TTFT, total, and total / TTFT`,

  async run(target, { tokens }) {
    const ttfts: number[] = [];
    const streamed: number[] = [];
    const buffered: number[] = [];
    for (let request = 0; request < REQUESTS; request++) {
      const messages = [{ role: "user", content: randomPrompt(10) }];
      const result = await streamChat({ url: target.url, model: target.model, messages, tokens });
      ttfts.push(result.ttftMs);
      streamed.push(result.totalMs);
      buffered.push(await bufferedMs(target, randomPrompt(10), tokens));
    }
    const total = percentile(streamed, 0.5);
    return {
      "TTFT p50 ms (target 200)": percentile(ttfts, 0.5),
      "TTFT p95 ms (target 300)": percentile(ttfts, 0.95),
      "streamed total p50 ms": total,
      "buffered total p50 ms": percentile(buffered, 0.5),
      "gain: total / TTFT": total / percentile(ttfts, 0.5),
    };
  },
};

async function bufferedMs(
  { url, model }: Target,
  content: string,
  tokens: number,
): Promise<number> {
  const startedMs = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer none" },
    body: JSON.stringify({
      model,
      messages: [{ role: "user", content }],
      max_tokens: tokens,
      ignore_eos: true,
      temperature: 0,
    }),
  });
  await response.json();
  return performance.now() - startedMs;
}
