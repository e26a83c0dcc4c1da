// Encodes a request's settings under llama.cpp's names, for answers of /infill and for the defaults in GET /props.

import type { AskedRequest } from "../../generation/request.ts";
import type { Settings } from "./answers.ts";

export function encodeSettings(request: AskedRequest): Settings {
  const { sampling } = request;
  return {
    seed: sampling.seed,
    temperature: sampling.temperature,
    top_k: sampling.topK,
    top_p: sampling.topP,
    min_p: sampling.minP,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    repeat_penalty: sampling.repeatPenalty,
    logit_bias: sampling.logitBias.map(([token, bias]) => ({ token, bias })),
    stop: request.stop,
    n_predict: request.maxTokens ?? -1,
    min_tokens: request.minTokens,
    ignore_eos: request.ignoreEos,
    cache_prompt: request.reusePrefix,
  };
}
