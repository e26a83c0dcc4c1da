// Half of the clients disconnect at random times: how much work goes to the others?

import type { ServerCase } from "../../src/bench/case.ts";
import { randomPrompt } from "../../src/bench/clients/prompts.ts";
import { streamChat } from "../../src/bench/clients/stream-client.ts";

const CLIENTS = 24;
const LEAVE_WITHIN_MS = 2000;
/** Clients that disconnect request this many times more tokens than the others. */
const LEAVER_TOKEN_FACTOR = 4;

export const abandon: ServerCase = {
  name: "abandon",
  help: `${CLIENTS} clients, half of which disconnect within the first ${LEAVE_WITHIN_MS / 1000} s (at the same times on every target): useful tokens/s, which only count clients that stay`,
  goals: { "stayers without a whole answer": "= 0", "leavers hung": "= 0" },

  async run({ url, model }, { promptWords, tokens }) {
    const startedMs = performance.now();
    const chat = () => ({
      url,
      model,
      messages: [{ role: "user", content: randomPrompt(promptWords) }],
    });
    const all = Array.from({ length: CLIENTS }, async (_, index) => {
      const stays = index % 2 === 0;
      const signal = AbortSignal.timeout(leaveAfterMs(index));
      const result = stays
        ? await streamChat({ ...chat(), tokens })
        : await streamChat({ ...chat(), tokens: tokens * LEAVER_TOKEN_FACTOR, signal });
      return { stays, result, endedMs: performance.now() };
    });
    const results = await Promise.all(all);
    const stayers = results.filter(({ stays }) => stays);
    const useful = stayers.reduce((sum, { result }) => sum + result.tokens, 0);
    const lastMs = Math.max(...stayers.map(({ endedMs }) => endedMs));
    return {
      "useful tok/s": useful / ((lastMs - startedMs) / 1000),
      "stayers without a whole answer": stayers.filter(
        ({ result }) => result.outcome !== "complete",
      ).length,
      "leavers hung": results.filter(({ result }) => result.outcome === "hung").length,
    };
  },
};

/** Scattered, but equal in every run. */
function leaveAfterMs(index: number): number {
  return Math.ceil(((index * 7919) % 1000) * (LEAVE_WITHIN_MS / 1000));
}
