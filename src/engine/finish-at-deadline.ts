// The finish event of an answer that reached its deadline: the same as for a length limit.

import type { Finish, PromptReading } from "../generation/events.ts";
import type { PreparedRequest } from "../generation/request.ts";

/** Tokens of the answer so far, and how its prompt was read. */
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
