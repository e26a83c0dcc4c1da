// Agents in turn, each with a long system prompt and tools, one line of which changes with every request: how much is read again?

import { randomBytes } from "node:crypto";
import type { ServerCase, Target } from "../../src/bench/case.ts";
import { BenchChat, computedTokens } from "../../src/bench/clients/bench-chat.ts";
import type { ChatTool } from "../../src/bench/clients/chat-request.ts";
import { randomPrompt } from "../../src/bench/clients/prompts.ts";
import type { StreamResult } from "../../src/bench/clients/stream-client.ts";
import { percentile } from "../../src/bench/stats.ts";

const AGENTS = 3;
const TURNS = 10;
/** A turn adds this share of the system prompt: 300 tokens to 6,000. */
const GROWTH = 1 / 20;
const MOST_ANSWER_TOKENS = 24;

const TOOLS = ["read_file", "write_file", "run_command", "search"].map(
  (name): ChatTool => ({
    type: "function",
    function: {
      name,
      description: `The tool ${name} of an agent`,
      parameters: {
        type: "object",
        properties: { path: { type: "string" }, text: { type: "string" } },
        required: ["path"],
      },
    },
  }),
);

export const agent: ServerCase = {
  name: "agent",
  help: `${AGENTS} agents in turn, ${TURNS} turns each, with tools and a system prompt of --system words, whose first line changes with every request as that of Claude Code does; each turn adds a twentieth: prompt tokens computed in turns 2 and later, the share of them that was cached, and TTFT. Use --slots 2 for fewer slots than agents; the case of a coding agent is --slots 2 --system 6000 --context 12288`,

  async run(target, { systemWords, tokens }) {
    const agents = Array.from({ length: AGENTS }, () => newAgent(systemWords));
    const turns: StreamResult[][] = [];
    for (let turn = 0; turn < TURNS; turn++)
      turns.push(await eachOnce(agents, target, { systemWords, tokens }));
    const later = turns.slice(1).flat();
    const sum = (count: (result: StreamResult) => number) =>
      later.reduce((total, result) => total + count(result), 0);
    const prompt = sum(({ promptTokens }) => promptTokens);
    const perTurn = turns.map((results, turn) => [
      `turn ${turn + 1} TTFT p50 ms`,
      percentile(ttftsOf(results), 0.5),
    ]);
    return {
      "turn 2+ prompt tokens": prompt,
      "turn 2+ computed tokens": sum(computedTokens),
      "turn 2+ cached %": (100 * sum(({ cachedTokens }) => cachedTokens)) / prompt,
      "turn 2+ TTFT p50 ms": percentile(ttftsOf(later), 0.5),
      "turn 2+ TTFT p95 ms": percentile(ttftsOf(later), 0.95),
      ...Object.fromEntries(perTurn),
    };
  },
};

function newAgent(systemWords: number): BenchChat {
  const text = randomPrompt(systemWords);
  const system = () => `${changingLine()}\nYou are an agent. ${text}`;
  return new BenchChat({ system, tools: TOOLS });
}

/** The shape of the line that Claude Code writes in front of its system prompt. */
function changingLine(): string {
  const random = randomBytes(3).toString("hex").slice(0, 5);
  return `x-anthropic-billing-header: cc_version=2.0.0; cc_entrypoint=cli; cch=${random};`;
}

/** One turn of each agent, one after the other. */
async function eachOnce(
  agents: readonly BenchChat[],
  target: Target,
  { systemWords, tokens }: { readonly systemWords: number; readonly tokens: number },
): Promise<StreamResult[]> {
  const answerTokens = Math.min(tokens, MOST_ANSWER_TOKENS, Math.ceil((systemWords * GROWTH) / 2));
  const words = Math.max(1, Math.round(systemWords * GROWTH) - answerTokens);
  const results: StreamResult[] = [];
  for (const each of agents)
    results.push(await each.ask(target, randomPrompt(words), answerTokens));
  return results;
}

function ttftsOf(results: readonly StreamResult[]): number[] {
  return results.map(({ ttftMs, totalMs }) => (Number.isNaN(ttftMs) ? totalMs : ttftMs)); // an answer may be empty
}
