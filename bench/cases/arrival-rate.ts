// Requests that come at a fixed rate whether or not earlier ones are done: where is the knee?

import type { Case } from "../case.ts";
import { percentile } from "../stats.ts";
import { randomPrompt, streamChat } from "../stream-client.ts";

const SECONDS = 10;

export const arrivalRate: Case = {
  name: "arrival-rate",
  help: `--rate requests per second for ${SECONDS} s: TTFT at that rate; try several rates to find the knee`,

  async run({ url, model }, { rate, promptWords, tokens }) {
    const requests = [];
    for (let request = 0; request < rate * SECONDS; request++) {
      const messages = [{ role: "user", content: randomPrompt(promptWords) }];
      requests.push(streamChat({ url, model, messages, tokens }));
      await new Promise((resolve) => setTimeout(resolve, 1000 / rate));
    }
    const results = await Promise.all(requests);
    const ttfts = results.filter((result) => result.isWhole).map((result) => result.ttftMs);
    return {
      [`at ${rate} requests/s TTFT p50 ms`]: percentile(ttfts, 0.5),
      [`at ${rate} requests/s TTFT p95 ms`]: percentile(ttfts, 0.95),
      "not served": results.length - ttfts.length,
    };
  },
};
