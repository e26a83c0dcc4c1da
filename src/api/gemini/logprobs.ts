// Log probabilities as Gemini has them. https://ai.google.dev/api/generate-content#LogprobsResult

import type { PositionLogprobs, TokenLogprob } from "../../generation/events.ts";
import type { GeminiLogprobs, GeminiTokenScore } from "./answer.ts";

/** What stands for a logprob that is minus infinity: JSON has no such number. */
const LEAST = -9999;

export function logprobsOf(logprobs: readonly PositionLogprobs[]): GeminiLogprobs {
  return {
    chosenCandidates: logprobs.map(shown),
    topCandidates: logprobs.map(({ alternatives }) => ({ candidates: alternatives.map(shown) })),
  };
}

export function averageOf(logprobs: readonly PositionLogprobs[]): number {
  const sum = logprobs.reduce((total, score) => total + finite(score), 0);
  return sum / Math.max(1, logprobs.length);
}

function shown(score: TokenLogprob): GeminiTokenScore {
  return { token: score.text, tokenId: score.id, logProbability: finite(score) };
}

function finite({ logprob }: TokenLogprob): number {
  return logprob === null ? 0 : Math.max(LEAST, logprob);
}
