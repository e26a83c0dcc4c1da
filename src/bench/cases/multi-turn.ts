// Chats that share a system prompt and grow with every turn: is only the new part read again?

import type { ServerCase, UrlOptions } from "../case.ts";
import { BenchChat } from "../clients/bench-chat.ts";
import { randomPrompt } from "../clients/prompts.ts";
import type { StreamResult } from "../clients/stream-client.ts";
import { percentile } from "../stats.ts";

const CHATS = 3;
const TURNS = 4;
const QUESTION_WORDS = 20;
const ANSWER_TOKENS = 24;
const SYSTEM_SENTENCES = 30;

export const multiTurn: ServerCase<UrlOptions> = {
  name: "multi-turn",
  help: `${CHATS} chats at once with one long system prompt, ${TURNS} turns each, with the answers sent back as in any chat: TTFT of the first and of later turns, and how much of their prompts was cached`,

  async run(target) {
    const system = `${randomPrompt(4)}. ${"Be short and exact. ".repeat(SYSTEM_SENTENCES)}`;
    const chat = async () => {
      const conversation = new BenchChat({ system: () => system });
      const turns: StreamResult[] = [];
      for (let turn = 1; turn <= TURNS; turn++)
        turns.push(await conversation.ask(target, randomPrompt(QUESTION_WORDS), ANSWER_TOKENS));
      return turns;
    };
    const chats = await Promise.all(Array.from({ length: CHATS }, chat));
    const first = chats.flatMap((turns) => turns.slice(0, 1));
    const later = chats.flatMap((turns) => turns.slice(1));
    const ttfts = later.map(({ ttftMs }) => ttftMs);
    const medianOf = (results: readonly StreamResult[], pick: (result: StreamResult) => number) =>
      percentile(results.map(pick), 0.5);
    return {
      "turn 1 TTFT p50 ms": medianOf(first, ({ ttftMs }) => ttftMs),
      "turn 2+ TTFT p50 ms": percentile(ttfts, 0.5),
      "turn 2+ TTFT p95 ms": percentile(ttfts, 0.95),
      "turn 2+ prompt tokens": medianOf(later, ({ promptTokens }) => promptTokens),
      "turn 2+ cached tokens": medianOf(later, ({ cachedTokens }) => cachedTokens),
    };
  },
};
