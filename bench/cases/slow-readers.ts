// Readers that hardly read, among others that do.

import type { Case } from "../case.ts";
import { percentile } from "../stats.ts";
import { randomPrompt, streamChat } from "../stream-client.ts";

const SLOW_MS = 200;

export const slowReaders: Case = {
  name: "slow-readers",
  help: `2 fast readers alone, then beside 2 that pause ${SLOW_MS} ms at every piece: the fast ones' ITL`,

  async run({ url, model }, { promptWords, tokens }) {
    const read = (onText?: () => Promise<void>, signal?: AbortSignal) => {
      const messages = [{ role: "user", content: randomPrompt(promptWords) }];
      return streamChat({
        url,
        model,
        messages,
        tokens,
        ...(onText ? { onText } : {}),
        ...(signal ? { signal } : {}),
      });
    };
    const p99 = async () => {
      const results = await Promise.all([read(), read()]);
      return percentile(
        results.flatMap((result) => result.gapsMs),
        0.99,
      );
    };
    const alone = await p99();
    const controller = new AbortController();
    const pause = () => new Promise<void>((resolve) => setTimeout(resolve, SLOW_MS));
    const slow = [1, 2].map(() => read(pause, controller.signal));
    const beside = await p99();
    controller.abort();
    await Promise.all(slow);
    return { "alone ITL p99 ms": alone, "beside slow ones ITL p99 ms": beside };
  },
};
