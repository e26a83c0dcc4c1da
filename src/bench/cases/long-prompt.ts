// A long prompt arrives while chats are running: how long do they stall, and how long does the prompt take?

import { setTimeout as sleep } from "node:timers/promises";
import type { ServerCase, Target, UrlOptions } from "../case.ts";
import { startChats } from "../clients/ongoing-chats.ts";
import { randomPrompt } from "../clients/prompts.ts";
import { allComplete, type StreamResult, streamChat } from "../clients/stream-client.ts";
import { median, percentile } from "../stats.ts";

const CHATS = 3;
const LONG_PROMPTS = 3;
const CHAT_WORDS = 10;
const CHAT_TOKENS = 1000;
const LONG_ANSWER_TOKENS = 4;
/** The chats reach a steady pace before anything is measured. */
const SETTLE_MS = 1000;
const QUIET_MS = 3000;

/** Start and end, from `performance.now()`. */
type Span = { readonly fromMs: number; readonly toMs: number };

export const longPrompt: ServerCase<UrlOptions> = {
  name: "long-prompt",
  help: `${CHATS} chats run while ${LONG_PROMPTS} prompts of --long words are read one after the other: the chats' ITL before and during that, and the long prompt's TTFT alone and beside the chats`,

  async run(target, options) {
    const alone: number[] = [];
    for (let prompt = 0; prompt < LONG_PROMPTS; prompt++) {
      const { fromMs, toMs } = await readLongPrompt(target, options);
      alone.push(toMs - fromMs);
    }
    const { answers, quiet, beside } = await besideChats(target, options);
    const quietGaps = gapsWithin(answers, [quiet]);
    const besideGaps = gapsWithin(answers, beside);
    return {
      "quiet ITL p50 ms": percentile(quietGaps, 0.5),
      "quiet ITL p99 ms": percentile(quietGaps, 0.99),
      "beside the prompt ITL p50 ms": percentile(besideGaps, 0.5),
      "beside the prompt ITL p99 ms": percentile(besideGaps, 0.99),
      "beside the prompt ITL max ms": Math.max(...besideGaps),
      "beside / quiet ITL p99": percentile(besideGaps, 0.99) / percentile(quietGaps, 0.99),
      "long prompt alone TTFT ms": median(alone),
      "long prompt beside chats TTFT ms": median(beside.map(({ fromMs, toMs }) => toMs - fromMs)),
    };
  },
};

async function besideChats(target: Target, options: UrlOptions) {
  const tokens = Math.min(CHAT_TOKENS, Math.floor(options.contextTokens / 2));
  const chats = startChats({ target, count: CHATS, promptWords: CHAT_WORDS, tokens });
  const beside: Span[] = [];
  try {
    await sleep(SETTLE_MS);
    const fromMs = performance.now();
    await sleep(QUIET_MS);
    const quiet = { fromMs, toMs: performance.now() };
    for (let prompt = 0; prompt < LONG_PROMPTS; prompt++) {
      beside.push(await readLongPrompt(target, options));
    }
    return { answers: await chats.stop(), quiet, beside };
  } catch (error) {
    await chats.stop();
    throw error;
  }
}

/** @returns the time from its arrival to its first token */
async function readLongPrompt(
  { url, model, apiKey }: Target,
  { longWords }: UrlOptions,
): Promise<Span> {
  const messages = [{ role: "user", content: randomPrompt(longWords) }];
  const fromMs = performance.now();
  const stream = streamChat({ url, model, apiKey, messages, tokens: LONG_ANSWER_TOKENS });
  const [result] = await allComplete([stream]);
  return { fromMs, toMs: fromMs + (result?.ttftMs ?? Number.NaN) };
}

/** Gaps that overlap a span. */
function gapsWithin(answers: readonly StreamResult[], spans: readonly Span[]): number[] {
  const gaps: number[] = [];
  for (const { textAtMs } of answers) {
    let lastMs = Number.NaN;
    for (const atMs of textAtMs) {
      if (spans.some(({ fromMs, toMs }) => atMs > fromMs && lastMs < toMs))
        gaps.push(atMs - lastMs);
      lastMs = atMs;
    }
  }
  return gaps;
}
