// What a person feels: the first word of a short prompt, and what streaming gains over waiting.

import { bufferedChat } from "../buffered-client.ts";
import type { ServerCase } from "../case.ts";
import { randomPrompt } from "../prompts.ts";
import { median, percentile } from "../stats.ts";
import { allWhole, streamChat } from "../stream-client.ts";

const PAIRS = 20;
const PROMPT_WORDS = 10;

export const latency: ServerCase = {
  name: "latency",
  help: `${PAIRS} short prompts streamed and as many buffered, in turn, one at a time: TTFT, total times, and what streaming gains: total / TTFT`,
  goals: {
    "TTFT p50 ms": "< 200",
    "TTFT p95 ms": "< 300",
    "streamed / buffered total": "<= 1.03",
  },

  async run({ url, model }, { tokens }) {
    const ttftsMs: number[] = [];
    const streamedMs: number[] = [];
    const bufferedMs: number[] = [];
    const chat = () => {
      const messages = [{ role: "user", content: randomPrompt(PROMPT_WORDS) }];
      return { url, model, messages, tokens };
    };
    const stream = async () => {
      for (const { ttftMs, totalMs } of await allWhole([streamChat(chat())])) {
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
