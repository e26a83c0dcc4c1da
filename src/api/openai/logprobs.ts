// Log probabilities as OpenAI has them: one form in chat, an older one in completions.

import type { PositionLogprobs, TokenLogprob } from "../../generation/events.ts";
import type { ChatLogprobs } from "./chat-answer.ts";
import type { CompletionLogprobs } from "./completions-answer.ts";

/** What stands for a logprob that is minus infinity: JSON has no such number, and OpenAI writes this one. */
const LEAST = -9999;

/** https://platform.openai.com/docs/api-reference/chat/object */
export function chatLogprobs(logprobs: readonly PositionLogprobs[] | undefined): ChatLogprobs {
  if (!logprobs) return null;
  return {
    content: logprobs.map(({ alternatives, ...own }) => ({
      ...shown(own),
      top_logprobs: alternatives.map(shown),
    })),
    refusal: null,
  };
}

function shown({ text, bytes, logprob }: TokenLogprob) {
  return { token: text, bytes, logprob: finite(logprob ?? 0) };
}

/**
 * https://platform.openai.com/docs/api-reference/completions/object
 * @param offset characters of the text before the first of these tokens
 */
export function completionLogprobs(
  logprobs: readonly PositionLogprobs[] | undefined,
  offset: number,
): CompletionLogprobs {
  if (!logprobs) return null;
  let at = offset;
  const offsets = logprobs.map(({ text }) => {
    at += text.length;
    return at - text.length;
  });
  return {
    tokens: logprobs.map(({ text }) => text),
    token_logprobs: logprobs.map(({ logprob }) => (logprob === null ? null : finite(logprob))),
    top_logprobs: logprobs.map((scored) => (scored.logprob === null ? null : topOf(scored))),
    text_offset: offsets,
  };
}

/** The token itself is always among them. */
function topOf({ text, logprob, alternatives }: PositionLogprobs): Record<string, number> {
  const own = [text, finite(logprob ?? 0)] as const;
  const others = alternatives.map((each) => [each.text, finite(each.logprob ?? 0)] as const);
  // Tokens of different bytes may read alike: the likelier one stays.
  return Object.fromEntries([own, ...others.reverse()]);
}

function finite(logprob: number): number {
  return Number.isFinite(logprob) ? logprob : LEAST;
}
