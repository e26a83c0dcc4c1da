// Logprobs as they go to the server: ids with their texts and bytes.

import type { LlamaModel } from "node-llama-cpp";
import type { PositionLogprobs } from "../../generation/events.ts";
import type { RawLogprobs } from "./evaluate-with-logprobs.ts";
import { tokenPiece } from "./token-piece.ts";

export function positionLogprobs(
  model: LlamaModel,
  token: number,
  { logprob, top }: RawLogprobs,
): PositionLogprobs {
  const alternatives = top.map((each) => ({
    ...tokenPiece(model, each.token),
    logprob: each.logprob,
  }));
  return { ...tokenPiece(model, token), logprob, alternatives };
}

/** A prompt's first token. */
export function firstPositionLogprobs(model: LlamaModel, token: number): PositionLogprobs {
  return { ...tokenPiece(model, token), logprob: null, alternatives: [] };
}
