// Adds texts and bytes to raw logprobs, in the form that is sent to the server process.

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

/** For a prompt's first token: nothing comes before it, so it has no logprob. */
export function firstPositionLogprobs(model: LlamaModel, token: number): PositionLogprobs {
  return { ...tokenPiece(model, token), logprob: null, alternatives: [] };
}
