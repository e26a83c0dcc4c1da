// Log probabilities as Gemini has them. https://ai.google.dev/api/generate-content#LogprobsResult

import type { ScoredToken, TokenScore } from "../../generation/events.ts";
import type { GeminiLogprobs, GeminiTokenScore } from "./answer.ts";

/** What stands for a logprob that is minus infinity: JSON has no such number. */
const LEAST = -9999;

export function logprobsOf(scores: readonly ScoredToken[]): GeminiLogprobs {
  return {
    chosenCandidates: scores.map(shown),
    topCandidates: scores.map(({ alternatives }) => ({ candidates: alternatives.map(shown) })),
  };
}

export function averageOf(scores: readonly ScoredToken[]): number {
  const sum = scores.reduce((total, score) => total + finite(score), 0);
  return sum / Math.max(1, scores.length);
}

function shown(score: TokenScore): GeminiTokenScore {
  return { token: score.text, tokenId: score.id, logProbability: finite(score) };
}

function finite({ logprob }: TokenScore): number {
  return logprob === null ? 0 : Math.max(LEAST, logprob);
}
