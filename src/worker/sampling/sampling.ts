// Converts SamplingParams to node-llama-cpp's options. Sets every option, because the library's defaults differ from OpenAI's.

import type {
  EvaluationPriority,
  LlamaModel,
  SequenceEvaluateOptions,
  Token,
} from "node-llama-cpp";
import { topKOff } from "../library-internals.ts";
import type { Run } from "../step/run.ts";
import type { Slot } from "../step/slots.ts";
import { requestBiases } from "./token-bias.ts";
import { seedOfEachToken } from "./token-seeds.ts";

export function evaluateOptions(model: LlamaModel, run: Run, slot: Slot): SequenceEvaluateOptions {
  const { sampling } = run.request;
  return {
    temperature: sampling.temperature,
    topP: sampling.topP,
    minP: sampling.minP,
    topK: sampling.topK > 0 ? sampling.topK : topKOff,
    seed: seedOfEachToken(sampling.seed, () => run.tally.completionTokens),
    ...penalties(run),
    ...biases(model, run),
    ...grammar(run),
    // Only our batching strategy reads it: it needs the sequence id.
    evaluationPriority: slot.id as EvaluationPriority,
    yieldEogToken: true,
    contextShift: { strategy: refuseContextShift },
  };
}

function penalties(run: Run): Pick<SequenceEvaluateOptions, "repeatPenalty"> {
  const { repeatPenalty, presencePenalty, frequencyPenalty, penaltyTokens } = run.request.sampling;
  if (repeatPenalty === 1 && presencePenalty === 0 && frequencyPenalty === 0) return {};
  if (penaltyTokens === 0) return {};
  const promptLength = run.request.promptTokens.length;
  // One number for the whole answer: a number that changes would rebuild the sampler for each token.
  const mostTokens = Math.min(penaltyTokens, run.request.maxTokens);
  return {
    repeatPenalty: {
      penalty: repeatPenalty,
      presencePenalty,
      frequencyPenalty,
      maxPunishTokens: mostTokens,
      punishTokens: () => {
        const from = Math.max(promptLength, run.tokens.length - mostTokens);
        return run.tokens.slice(from) as Token[];
      },
    },
  };
}

/** Evaluated for every token, because the active grammar can change in the middle of an answer. */
function grammar(run: Run): Pick<SequenceEvaluateOptions, "grammarEvaluationState"> {
  const { answerGrammar, callGrammar } = run.request.output;
  if (answerGrammar === null && callGrammar === null) return {};
  return { grammarEvaluationState: () => run.grammarState };
}

function biases(model: LlamaModel, run: Run): Pick<SequenceEvaluateOptions, "tokenBias"> {
  const { request } = run;
  const mayAlwaysEnd = !request.ignoreEos && request.minTokens === 0;
  if (mayAlwaysEnd && request.sampling.logitBias.length === 0) return {};
  const { ending, notEnding } = requestBiases(model, request.sampling.logitBias);
  return { tokenBias: () => (run.mayEnd ? ending : notEnding) };
}

/** Generation stops before the context is full. If that ever fails, an error is better than losing the start of the prompt. */
function refuseContextShift(): never {
  throw new Error("the context is full");
}
