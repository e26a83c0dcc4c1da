// Half of the clients leave at random: how much of the work is for those who stay?

import type { ServerCase } from "../case.ts";
import { randomPrompt } from "../prompts.ts";
import { streamChat } from "../stream-client.ts";

const CLIENTS = 24;
const LEAVE_WITHIN_MS = 2000;
/** Leavers would have wanted so many times more than those who stay. */
const LEAVERS_WANT = 4;

export const abandon: ServerCase = {
  name: "abandon",
  help: `${CLIENTS} clients, half of which leave at some moment of the first ${LEAVE_WITHIN_MS / 1000} s (the same moments on every target): useful tokens/s, that is of those who stay`,
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
        : await streamChat({ ...chat(), tokens: tokens * LEAVERS_WANT, signal });
      return { stays, result, endedMs: performance.now() };
    });
    const results = await Promise.all(all);
    const stayers = results.filter(({ stays }) => stays);
    const useful = stayers.reduce((sum, { result }) => sum + result.tokens, 0);
    const lastMs = Math.max(...stayers.map(({ endedMs }) => endedMs));
    return {
      "useful tok/s": useful / ((lastMs - startedMs) / 1000),
      "stayers without a whole answer": stayers.filter(({ result }) => result.outcome !== "whole")
        .length,
      "leavers hung": results.filter(({ result }) => result.outcome === "hung").length,
    };
  },
};

/** Scattered, but the same in every run. */
function leaveAfterMs(index: number): number {
  return Math.ceil(((index * 7919) % 1000) * (LEAVE_WITHIN_MS / 1000));
}
