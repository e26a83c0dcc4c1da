// Token biases of one request: the client's logit_bias, and the ban on end-of-answer tokens while the answer may not end.

import { type LlamaModel, TokenBias } from "node-llama-cpp";
import type { SamplingParams } from "../../generation/request.ts";
import { setLogitBias } from "../library-internals.ts";

/** @returns the biases for positions where the answer may end, and for those where it may not */
export function requestBiases(model: LlamaModel, logitBias: SamplingParams["logitBias"]) {
  const ending = TokenBias.for(model);
  const notEnding = TokenBias.for(model);
  for (const [token, bias] of logitBias) {
    setLogitBias(ending, token, bias);
    setLogitBias(notEnding, token, bias);
  }
  for (const token of endTokens(model)) setLogitBias(notEnding, token, Number.NEGATIVE_INFINITY);
  return { ending, notEnding };
}

const endTokensOf = new WeakMap<LlamaModel, readonly number[]>();

/** All tokens that end an answer. Cached per model, because it reads the whole vocabulary. */
function endTokens(model: LlamaModel): readonly number[] {
  let tokens = endTokensOf.get(model);
  if (!tokens) {
    tokens = [...model.iterateAllTokens()].filter((token) => model.isEogToken(token));
    endTokensOf.set(model, tokens);
  }
  return tokens;
}
