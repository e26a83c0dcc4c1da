// More conversations in turn than slots: does each find its prefix again?

import type { ServerCase, Target } from "../../src/bench/case.ts";
import { BenchChat, computedTokens } from "../../src/bench/clients/bench-chat.ts";
import { randomPrompt } from "../../src/bench/clients/prompts.ts";
import type { StreamResult } from "../../src/bench/clients/stream-client.ts";
import { percentile } from "../../src/bench/stats.ts";

const FEW = 4;
const MANY = 40;
const TURNS = 3;
const QUESTION_WORDS = 20;
const ANSWER_TOKENS = 16;

export const manyChats: ServerCase = {
  name: "many-chats",
  help: `${FEW} and ${MANY} chats in turn, ${TURNS} turns each, every one with its own system prompt of --system words: TTFT of turn 2 and later, and what was computed of their prompts`,
  goals: { "many / few TTFT": "<= 1.2" },

  async run(target, { systemWords }) {
    const few = await laterTurns(target, FEW, systemWords);
    const many = await laterTurns(target, MANY, systemWords);
    return {
      ...figures(`${FEW} chats`, few),
      ...figures(`${MANY} chats`, many),
      "many / few TTFT": medianTtft(many) / medianTtft(few),
    };
  },
};

async function laterTurns(
  target: Target,
  count: number,
  systemWords: number,
): Promise<StreamResult[]> {
  const chats = Array.from({ length: count }, () => {
    const system = randomPrompt(systemWords);
    return new BenchChat({ system: () => system });
  });
  const later: StreamResult[] = [];
  for (let turn = 1; turn <= TURNS; turn++) {
    for (const chat of chats) {
      const result = await chat.ask(target, randomPrompt(QUESTION_WORDS), ANSWER_TOKENS);
      if (turn > 1) later.push(result);
    }
  }
  return later;
}

function figures(name: string, results: readonly StreamResult[]) {
  return {
    [`${name} turn 2+ TTFT p50 ms`]: medianTtft(results),
    [`${name} turn 2+ computed tokens`]: percentile(results.map(computedTokens), 0.5),
  };
}

function medianTtft(results: readonly StreamResult[]): number {
  return percentile(
    results.map(({ ttftMs }) => ttftMs),
    0.5,
  );
}
