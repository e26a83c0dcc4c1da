// Encodes logprobs in Gemini's form. https://ai.google.dev/api/generate-content#LogprobsResult

import type { PositionLogprobs, TokenLogprob } from "../../generation/events.ts";
import { finite } from "../openai/logprobs.ts";
import type { GeminiLogprobs, GeminiTokenLogprob } from "./answer.ts";

export function logprobsOf(logprobs: readonly PositionLogprobs[]): GeminiLogprobs {
  return {
    chosenCandidates: logprobs.map(encodeToken),
    topCandidates: logprobs.map(({ alternatives }) => ({
      candidates: alternatives.map(encodeToken),
    })),
  };
}

export function averageOf(logprobs: readonly PositionLogprobs[]): number {
  const sum = logprobs.reduce((total, each) => total + finite(each.logprob ?? 0), 0);
  return sum / Math.max(1, logprobs.length);
}

function encodeToken(token: TokenLogprob): GeminiTokenLogprob {
  return { token: token.text, tokenId: token.id, logProbability: finite(token.logprob ?? 0) };
}
