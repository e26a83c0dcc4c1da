// Endings and receipts of answers, for tests of wire formats.

import type { Choice } from "../../../src/generation/choice.ts";
import type {
  Delta,
  Ending,
  FinishReason,
  PositionLogprobs,
  Receipt,
} from "../../../src/generation/events.ts";

export const RECEIPT: Receipt = {
  queueMs: 1,
  prefillMs: 2,
  firstTokenMs: 3,
  totalMs: 4,
  isCut: false,
  usage: { promptTokens: 5, cachedTokens: 0, completionTokens: 6, reasoningTokens: 0 },
  seed: 7,
  cacheMiss: null,
};

export const IDENTITY = { id: "abc", model: "tiny", createdAtSeconds: 1_700_000_000 };

/** An ending without a stop string. */
export function ended(reason: FinishReason): Ending {
  return { reason, stopString: null };
}

/** A choice without calls, reasoning or logprobs. */
export function choiceOf(text: string, changes: Partial<Choice> = {}): Choice {
  return { text, reasoning: "", toolCalls: [], logprobs: [], ending: ended("stop"), ...changes };
}

export function textDelta(
  text: string,
  changes: { readonly logprobs?: PositionLogprobs[] } = {},
): Delta {
  return { type: "text-delta", text, tokens: 1, atMs: 0, ...changes };
}

export function reasoningDelta(text: string): Delta {
  return { type: "reasoning-delta", text, tokens: 1, atMs: 0 };
}

/** The beginning of a call if there is a name, else more of its arguments. */
export function callDelta(index: number, name: string | null, text = ""): Delta {
  return { type: "tool-call-delta", index, name, text, tokens: 1, atMs: 0 };
}

/** The logprob of a token, with those of its alternatives. */
export function tokenLogprob(
  text: string,
  logprob: number | null,
  alternatives: readonly (readonly [text: string, logprob: number])[] = [],
): PositionLogprobs {
  const logprobOf = (of: string, value: number | null) => ({
    id: 1,
    text: of,
    bytes: [...Buffer.from(of)],
    logprob: value,
  });
  return {
    ...logprobOf(text, logprob),
    alternatives: alternatives.map(([other, value]) => logprobOf(other, value)),
  };
}
