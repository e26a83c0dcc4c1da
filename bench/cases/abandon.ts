// Half of the clients leave at random: how much of the work is for those who stay?

import type { Case } from "../case.ts";
import { randomPrompt, streamChat } from "../stream-client.ts";

const CLIENTS = 24;

export const abandon: Case = {
  name: "abandon",
  help: `${CLIENTS} clients, half of which leave after 0 to 2 s: useful tokens/s of those who stay`,

  async run({ url, model }, { promptWords, tokens }) {
    const startedMs = performance.now();
    const stayers = Array.from({ length: CLIENTS }, async (_, index) => {
      const messages = [{ role: "user", content: randomPrompt(promptWords) }];
      if (index % 2 === 0) return streamChat({ url, model, messages, tokens });
      const signal = AbortSignal.timeout(Math.ceil(Math.random() * 2000));
      await streamChat({ url, model, messages, tokens: tokens * 4, signal });
      return null;
    });
    const results = await Promise.all(stayers);
    const useful = results.reduce((sum, result) => sum + (result?.tokens ?? 0), 0);
    return { "useful tok/s": useful / ((performance.now() - startedMs) / 1000) };
  },
};
