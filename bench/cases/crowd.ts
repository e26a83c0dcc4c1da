// Many clients at once on few slots: is everybody served or refused, and what does waiting cost?

import { setMaxListeners } from "node:events";
import type { Figures, ServerCase, Target } from "../case.ts";
import { randomPrompt } from "../prompts.ts";
import { type Memory, memoryOf, untilIdle, untilWaiting } from "../server-state.ts";
import { percentile } from "../stats.ts";
import { type Outcome, type StreamResult, streamChat } from "../stream-client.ts";

const SMALL = 200;
const LARGE = 1000;
const PROMPT_WORDS = 5;
const ANSWER_TOKENS = 2;
/** Or as many as the context holds. */
const LONG_TOKENS = 1500;
/** Who has no whole answer by then counts as hung. */
const LIMIT_MS = 120_000;

export const crowd: ServerCase = {
  name: "crowd",
  help: `${SMALL} and ${LARGE} clients at once ask for ${ANSWER_TOKENS} tokens: how many are served, refused (429, 503), cut off or hung, and their TTFT. Then as many wait behind long answers: the server's memory for each (of Sluice heap and external memory after a collection, of every server with a known process id also resident), and what it keeps when all have left`,
  goals: {
    "clients: broken": "= 0",
    "clients: hung": "= 0",
    "heap KB for each that waits": "<= 40",
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
  const served = ended("whole", results);
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

/** From the smaller crowd to the larger: what the first ones cost once is in neither. */
async function waitingCost(target: Target): Promise<Figures> {
  if (target.pid === null) return {};
  const before = await memoryOf(target);
  const small = await memoryWithWaiting(target, SMALL);
  const large = await memoryWithWaiting(target, LARGE);
  const after = await memoryOf(target);
  const more = target.isOurs ? large.waiting - small.waiting : LARGE - SMALL;
  return {
    "heap KB for each that waits": ((large.heapMb - small.heapMb) * 1024) / more,
    "resident KB for each that waits": ((large.residentMb - small.residentMb) * 1024) / more,
    "resident MB while they wait": large.residentMb,
    "resident MB kept afterwards": after.residentMb - before.residentMb,
    "heap MB kept afterwards": after.heapMb - before.heapMb,
  };
}

/** All ask for the longest answers there are, so that slots that become free meanwhile are taken again. */
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
