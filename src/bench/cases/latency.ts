// Latency as a user notices it: the first word of a short prompt, and the gain of streaming over waiting.

import type { ServerCase, UrlOptions } from "../case.ts";
import { bufferedChat } from "../clients/buffered-client.ts";
import { randomPrompt } from "../clients/prompts.ts";
import { allComplete, streamChat } from "../clients/stream-client.ts";
import { median, percentile } from "../stats.ts";

const PAIRS = 20;
const PROMPT_WORDS = 10;

export const latency: ServerCase<UrlOptions> = {
  name: "latency",
  help: `${PAIRS} short prompts streamed and as many buffered, alternating, one at a time: TTFT, total times, and the gain of streaming: total / TTFT`,
  goals: {
    "TTFT p50 ms": "< 200",
    "TTFT p95 ms": "< 300",
    "streamed / buffered total": "<= 1.03",
  },

  async run({ url, model, apiKey }, { tokens }) {
    const ttftsMs: number[] = [];
    const streamedMs: number[] = [];
    const bufferedMs: number[] = [];
    const chat = () => {
      const messages = [{ role: "user", content: randomPrompt(PROMPT_WORDS) }];
      return { url, model, apiKey, messages, tokens };
    };
    const stream = async () => {
      for (const { ttftMs, totalMs } of await allComplete([streamChat(chat())])) {
        ttftsMs.push(ttftMs);
        streamedMs.push(totalMs);
      }
    };
    const buffer = async () => bufferedMs.push(await bufferedChat(chat()));
    for (let pair = 0; pair < PAIRS; pair++) {
      const order = pair % 2 === 0 ? [stream, buffer] : [buffer, stream];
      for (const each of order) await each();
    }
    return {
      "TTFT p50 ms": percentile(ttftsMs, 0.5),
      "TTFT p95 ms": percentile(ttftsMs, 0.95),
      "streamed total p50 ms": median(streamedMs),
      "buffered total p50 ms": median(bufferedMs),
      "streamed / buffered total": median(streamedMs) / median(bufferedMs),
      "gain: total / TTFT": median(streamedMs) / median(ttftsMs),
    };
  },
};
