// Chats that share a system prompt and grow turn by turn: is only what is new read again?

import type { Case } from "../case.ts";
import { percentile } from "../stats.ts";
import { randomPrompt, streamChat } from "../stream-client.ts";

const CHATS = 3;
const TURNS = 4;
const SYSTEM = `You help with a streaming server. ${"Be short and exact. ".repeat(30)}`;

export const multiTurn: Case = {
  name: "multi-turn",
  help: `${CHATS} chats with one long system prompt, ${TURNS} turns each: TTFT of the later turns, and cached tokens`,

  async run({ url, model }) {
    const ttfts: number[] = [];
    const cached: number[] = [];
    await Promise.all(
      Array.from({ length: CHATS }, async () => {
        const messages = [{ role: "system", content: SYSTEM }];
        for (let turn = 1; turn <= TURNS; turn++) {
          messages.push({ role: "user", content: randomPrompt(20) });
          const result = await streamChat({ url, model, messages, tokens: 24 });
          messages.push({ role: "assistant", content: randomPrompt(12) });
          if (turn === 1) continue;
          ttfts.push(result.ttftMs);
          cached.push(result.cachedTokens);
        }
      }),
    );
    return {
      "turn 2+ TTFT p50 ms": percentile(ttfts, 0.5),
      "turn 2+ TTFT p95 ms": percentile(ttfts, 0.95),
      "turn 2+ cached tokens": percentile(cached, 0.5),
    };
  },
};
