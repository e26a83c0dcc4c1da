// The end of an answer whose time is over: as if a limit of its length were reached.

import type { Finish, PromptReading } from "../generation/events.ts";
import type { PreparedRequest } from "../generation/request.ts";

/** What there is of the answer, in tokens. */
export type ReceivedAnswer = { tokens: number; reasoning: number; prompt: PromptReading | null };

export function finishAtDeadline(
  { promptTokens }: PreparedRequest,
  { tokens, reasoning, prompt }: ReceivedAnswer,
): Finish {
  return {
    type: "finish",
    reason: "length",
    stopString: null,
    usage: {
      promptTokens: promptTokens.length,
      cachedTokens: prompt?.cachedTokens ?? 0,
      completionTokens: tokens,
      reasoningTokens: reasoning,
    },
    prefillMs: prompt?.prefillMs ?? 0,
  };
}
