// Encodes logprobs in OpenAI's two forms: one for chat completions and responses, an older one for completions.

import type { PositionLogprobs, TokenLogprob } from "../../generation/events.ts";
import type { ChatLogprobs } from "./chat-answer.ts";
import type { CompletionLogprobs } from "./completions-answer.ts";

/** Stands for minus infinity, which JSON cannot represent. OpenAI uses the same number. */
const MIN_LOGPROB = -9999;

/** https://platform.openai.com/docs/api-reference/chat/object */
export function chatLogprobs(logprobs: readonly PositionLogprobs[]): NonNullable<ChatLogprobs> {
  return {
    content: logprobs.map(({ alternatives, ...own }) => ({
      ...encodeToken(own),
      top_logprobs: alternatives.map(encodeToken),
    })),
    refusal: null,
  };
}

export function encodeToken({ text, bytes, logprob }: TokenLogprob) {
  return { token: text, bytes, logprob: finite(logprob ?? 0) };
}

/**
 * https://platform.openai.com/docs/api-reference/completions/object
 * @param offset number of code points before the first of these tokens
 */
export function completionLogprobs(
  logprobs: readonly PositionLogprobs[],
  offset: number,
): CompletionLogprobs {
  let at = offset;
  const offsets = logprobs.map((token) => {
    const [first] = token.bytes;
    const isInside = first !== undefined && !beginsCharacter(first); // all tokens of one character have its offset
    const begins = isInside ? Math.max(0, at - 1) : at;
    at += charactersIn([token]);
    return begins;
  });
  return {
    tokens: logprobs.map(({ text }) => text),
    token_logprobs: logprobs.map(({ logprob }) => (logprob === null ? null : finite(logprob))),
    top_logprobs: logprobs.map((each) => (each.logprob === null ? null : topOf(each))),
    text_offset: offsets,
  };
}

/** The number of code points that begin in these tokens. A token may hold only some bytes of a character. */
export function charactersIn(logprobs: readonly TokenLogprob[]): number {
  return logprobs.reduce((sum, { bytes }) => sum + bytes.filter(beginsCharacter).length, 0);
}

/** Whether a byte of UTF-8 is the first one of a character. */
function beginsCharacter(byte: number): boolean {
  return (byte & 0xc0) !== 0x80;
}

/** Always includes the token itself. */
function topOf({ text, logprob, alternatives }: PositionLogprobs): Record<string, number> {
  const own = [text, finite(logprob ?? 0)] as const;
  const others = alternatives.map((each) => [each.text, finite(each.logprob ?? 0)] as const);
  // Tokens of different bytes may have the same text. Reversed, so that the likelier one wins.
  return Object.fromEntries([own, ...others.reverse()]);
}

export function finite(logprob: number): number {
  return Number.isFinite(logprob) ? logprob : MIN_LOGPROB;
}
