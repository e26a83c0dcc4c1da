// Sampling as OpenAI's defaults have it, with a fixed seed.

import type { SamplingParams } from "../../src/generation/request.ts";

export const PLAIN_SAMPLING: SamplingParams = {
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  seed: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  repeatPenalty: 1,
  logitBias: [],
};
