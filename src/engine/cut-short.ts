// The end of an answer whose time is over: as if a limit of its length were reached.

import type { Finish } from "../generation/events.ts";
import type { PreparedRequest } from "../generation/request.ts";

/** What there is of the answer, in tokens. */
export type Received = { tokens: number; reasoning: number };

export function cutShort(
  { promptTokens }: PreparedRequest,
  { tokens, reasoning }: Received,
): Finish {
  return {
    type: "finish",
    reason: "length",
    stopString: null,
    usage: {
      promptTokens: promptTokens.length,
      cachedTokens: 0, // the worker had no time to say
      completionTokens: tokens,
      reasoningTokens: reasoning,
    },
    prefillMs: 0,
  };
}
