// Clients that do not read their streams, beside others that do.

import { setTimeout as sleep } from "node:timers/promises";
import type { CaseOptions, Figures, ServerCase, Target } from "../../src/bench/case.ts";
import { startChats } from "../../src/bench/clients/ongoing-chats.ts";
import { randomPrompt } from "../../src/bench/clients/prompts.ts";
import { allComplete, streamChat } from "../../src/bench/clients/stream-client.ts";
import { memoryOf, untilIdle } from "../../src/bench/server-state.ts";
import { gapsMs, median, percentile } from "../../src/bench/stats.ts";
import { stalledReader } from "../clients/raw-socket.ts";

const FAST = 2;
const OTHERS = 2;
/** Long enough to continue while the fast readers read. */
const LONG_TOKENS = 1500;
const SETTLE_MS = 300;
/** How often both measurements alternate within a round. */
const TURNS = 3;

export const slowReaders: ServerCase = {
  name: "slow-readers",
  help: `${FAST} readers beside ${OTHERS} others that also read, and beside ${OTHERS} that never read their sockets ("deaf"), alternating: ITL of the first readers, and the server's memory while the deaf ones are connected (only Sluice can be made to write enough to fill a socket)`,
  goals: { "beside deaf / beside reading ITL p99": "<= 1.2" },

  async run(target, options) {
    const reading: number[] = [];
    const deaf: number[] = [];
    const memory: Figures[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      reading.push(...(await besideReading(target, options)));
      const { gaps, more } = await besideDeaf(target, options);
      deaf.push(...gaps);
      memory.push(more);
    }
    const more = (figure: string) => median(memory.map((each) => each[figure] ?? Number.NaN));
    return {
      "beside reading ones ITL p99 ms": percentile(reading, 0.99),
      "beside deaf ones ITL p99 ms": percentile(deaf, 0.99),
      "beside deaf / beside reading ITL p99": percentile(deaf, 0.99) / percentile(reading, 0.99),
      "resident MB more with deaf ones": more("residentMb"),
      "heap MB more with deaf ones": more("heapMb"),
    };
  },
};

async function besideReading(target: Target, options: CaseOptions): Promise<number[]> {
  const { promptWords } = options;
  const chats = startChats({ target, count: OTHERS, promptWords, tokens: longTokens(options) });
  try {
    await sleep(SETTLE_MS);
    return await fastGaps(target, options);
  } finally {
    await chats.stop();
    await untilIdle(target);
  }
}

async function besideDeaf(target: Target, options: CaseOptions) {
  const before = await memoryOf(target);
  const { url, model, bulkyModel } = target;
  const sockets = await Promise.all(
    Array.from({ length: OTHERS }, () => {
      const messages = [{ role: "user", content: randomPrompt(options.promptWords) }];
      const tokens = longTokens(options);
      return stalledReader({ url, model: bulkyModel ?? model, messages, tokens });
    }),
  );
  try {
    await sleep(SETTLE_MS);
    const gaps = await fastGaps(target, options);
    const { residentMb, heapMb } = await memoryOf(target);
    const more = { residentMb: residentMb - before.residentMb, heapMb: heapMb - before.heapMb };
    return { gaps, more };
  } finally {
    for (const socket of sockets) socket.destroy();
    await untilIdle(target);
  }
}

function longTokens({ contextTokens }: CaseOptions): number {
  return Math.min(LONG_TOKENS, Math.floor(contextTokens / 2));
}

async function fastGaps(
  { url, model }: Target,
  { promptWords, tokens }: CaseOptions,
): Promise<number[]> {
  const results = await allComplete(
    Array.from({ length: FAST }, () => {
      const messages = [{ role: "user", content: randomPrompt(promptWords) }];
      return streamChat({ url, model, messages, tokens });
    }),
  );
  return gapsMs(results.map(({ textAtMs }) => textAtMs));
}
