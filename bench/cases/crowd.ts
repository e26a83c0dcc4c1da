// Many clients at once on few slots: are all served or refused, and what does waiting cost?

import { setMaxListeners } from "node:events";
import type { Figures, ServerCase, Target } from "../../src/bench/case.ts";
import { randomPrompt } from "../../src/bench/clients/prompts.ts";
import {
  type Outcome,
  type StreamResult,
  streamChat,
} from "../../src/bench/clients/stream-client.ts";
import { type Memory, memoryOf, untilIdle, untilWaiting } from "../../src/bench/server-state.ts";
import { percentile } from "../../src/bench/stats.ts";

const SMALL = 200;
const LARGE = 1000;
const PROMPT_WORDS = 5;
const ANSWER_TOKENS = 2;
/** The server limits this to its context. */
const LONG_TOKENS = 1500;
/** An answer that is incomplete by then counts as hung. */
const LIMIT_MS = 120_000;

export const crowd: ServerCase = {
  name: "crowd",
  help: `${SMALL} and ${LARGE} clients at once request ${ANSWER_TOKENS} tokens each: how many are served, refused (429, 503), cut off or hung, and their TTFT. Then the same numbers wait behind long answers: server memory per waiting request (for Sluice heap and external memory after a collection, for every server with a known process id also resident memory), and memory kept after all have disconnected`,
  goals: {
    "clients: broken": "= 0",
    "clients: hung": "= 0",
    "heap KB per waiting request": "<= 40",
  },

  async run(target) {
    const figures: Record<string, number> = {};
    for (const size of [SMALL, LARGE]) Object.assign(figures, await arrive(target, size));
    await untilIdle(target);
    return { ...figures, ...(await waitingCost(target)) };
  },
};

async function arrive(target: Target, size: number): Promise<Figures> {
  const { url, model } = target;
  const results = await Promise.all(
    Array.from({ length: size }, () => {
      const messages = [{ role: "user", content: randomPrompt(PROMPT_WORDS) }];
      return streamChat({ url, model, messages, tokens: ANSWER_TOKENS, limitMs: LIMIT_MS });
    }),
  );
  const served = ended("complete", results);
  return {
    [`${size} clients: served`]: served.length,
    [`${size} clients: refused`]: ended("refused", results).length,
    [`${size} clients: broken`]: ended("broken", results).length,
    [`${size} clients: hung`]: ended("hung", results).length,
    [`${size} clients: TTFT p95 ms`]: percentile(
      served.map(({ ttftMs }) => ttftMs),
      0.95,
    ),
  };
}

function ended(outcome: Outcome, results: readonly StreamResult[]): readonly StreamResult[] {
  return results.filter((result) => result.outcome === outcome);
}

/** Measured from the smaller crowd to the larger one, so that one-time costs do not count. */
async function waitingCost(target: Target): Promise<Figures> {
  if (target.pid === null) return {};
  const before = await memoryOf(target);
  const small = await memoryWithWaiting(target, SMALL);
  const large = await memoryWithWaiting(target, LARGE);
  const after = await memoryOf(target);
  const more = target.isSluice ? large.waiting - small.waiting : LARGE - SMALL;
  return {
    "heap KB per waiting request": ((large.heapMb - small.heapMb) * 1024) / more,
    "resident KB per waiting request": ((large.residentMb - small.residentMb) * 1024) / more,
    "resident MB while they wait": large.residentMb,
    "resident MB kept afterwards": after.residentMb - before.residentMb,
    "heap MB kept afterwards": after.heapMb - before.heapMb,
  };
}

/** All request very long answers, so that slots that become free are taken again. */
async function memoryWithWaiting(target: Target, count: number): Promise<Memory> {
  const { url, model } = target;
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const clients = Array.from({ length: count }, () => {
    const messages = [{ role: "user", content: randomPrompt(PROMPT_WORDS) }];
    return streamChat({ url, model, messages, tokens: LONG_TOKENS, signal: controller.signal });
  });
  try {
    await untilWaiting(target, count * 0.95);
    return await memoryOf(target);
  } finally {
    controller.abort();
    await Promise.all(clients);
    await untilIdle(target);
  }
}
