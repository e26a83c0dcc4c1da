// Logprobs as they go to the server: ids with their texts and bytes.

import type { LlamaModel } from "node-llama-cpp";
import type { ScoredToken } from "../../generation/events.ts";
import type { RawLogprobs } from "./evaluate-with-logprobs.ts";
import { tokenPiece } from "./token-bytes.ts";

export function scoredToken(
  model: LlamaModel,
  token: number,
  { logprob, top }: RawLogprobs,
): ScoredToken {
  const alternatives = top.map((each) => ({
    ...tokenPiece(model, each.token),
    logprob: each.logprob,
  }));
  return { ...tokenPiece(model, token), logprob, alternatives };
}

/** A prompt's first token. */
export function unscoredToken(model: LlamaModel, token: number): ScoredToken {
  return { ...tokenPiece(model, token), logprob: null, alternatives: [] };
}
