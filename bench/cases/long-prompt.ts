// A long prompt arrives while chats go on: how long do they stand still, and how long does it take?

import type { Case } from "../case.ts";
import { percentile } from "../stats.ts";
import { randomPrompt, type StreamResult, streamChat } from "../stream-client.ts";

const CHATS = 3;
/** Words of the long prompt: fits a slot of 2,048 tokens. */
const LONG_WORDS = 1200;

export const longPrompt: Case = {
  name: "long-prompt",
  help: `${CHATS} chats go on while a prompt of ${LONG_WORDS} words is read beside them: their ITL, and its TTFT`,

  async run({ url, model }, { tokens }) {
    const chat = (signal: AbortSignal) =>
      streamChat({
        url,
        model,
        messages: [{ role: "user", content: randomPrompt(10) }],
        tokens: 1500,
        signal,
      });
    const quiet = await whileChatting(
      chat,
      () => new Promise((resolve) => setTimeout(resolve, 2000)),
    );
    let ttftMs = Number.NaN;
    const beside = await whileChatting(chat, async () => {
      const messages = [{ role: "user", content: randomPrompt(LONG_WORDS) }];
      ({ ttftMs } = await streamChat({ url, model, messages, tokens: Math.min(tokens, 8) }));
    });
    const p99 = (results: readonly StreamResult[]) =>
      percentile(
        results.flatMap((result) => result.gapsMs),
        0.99,
      );
    return {
      "quiet ITL p99 ms": p99(quiet),
      "beside the prompt ITL p99 ms": p99(beside),
      "beside the prompt ITL max ms": Math.max(...beside.flatMap((result) => result.gapsMs)),
      "long prompt TTFT ms": ttftMs,
    };
  },
};

/** Starts the chats, lets them find their pace, does the work, and ends them. Only what fell into the work counts. */
async function whileChatting(
  chat: (signal: AbortSignal) => Promise<StreamResult>,
  work: () => Promise<void>,
): Promise<StreamResult[]> {
  const controller = new AbortController();
  const chats = Array.from({ length: CHATS }, () => chat(controller.signal));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const workStartedMs = performance.now();
  await work();
  const workMs = performance.now() - workStartedMs;
  controller.abort();
  const results = await Promise.all(chats);
  return results.map((result) => ({ ...result, gapsMs: lastOf(result.gapsMs, workMs) }));
}

/** The gaps of the last `spanMs`. */
function lastOf(gapsMs: readonly number[], spanMs: number): number[] {
  let left = spanMs;
  const kept: number[] = [];
  for (const gap of [...gapsMs].reverse()) {
    if (left <= 0) break;
    kept.push(gap);
    left -= gap;
  }
  return kept;
}
