// One decode of a stream that checks a draft: tokens that are predicted to come next. Each position is sampled as without a
// draft and in order, because seeds, penalties and grammars depend on the tokens before. So the answer is the same, only sooner.

import type { LlamaContextSequence, SequenceEvaluateOptions, Token } from "node-llama-cpp";
import {
  configureSampler,
  decodeAndKeep,
  type NativeSampler,
  sampleToken,
} from "../library-internals.ts";

export type DraftDecode = {
  readonly sequence: LlamaContextSequence;
  readonly sampler: NativeSampler;
  readonly evaluate: SequenceEvaluateOptions;
  /** Called with each sampled token. @returns whether the token after it may be sampled */
  readonly take: (token: Token) => boolean;
};

/**
 * Computes `tokens` and `draft`, and samples the tokens that follow, until one differs from the draft or `take` stops it. The
 * cache then holds `tokens` and the accepted part of the draft.
 * @returns how many tokens of the draft were accepted
 */
export async function decodeDraft(
  tokens: readonly Token[],
  draft: readonly Token[],
  { sequence, sampler, evaluate, take }: DraftDecode,
): Promise<number> {
  let accepted = 0;
  let isOpen = true;
  let failure: unknown = null;
  const sampleAt = async (logitIndex: number) => {
    if (!isOpen) return;
    isOpen = false;
    try {
      configureSampler(sampler, sequence, evaluate);
      const token = (await sampleToken(sequence, logitIndex, sampler)) as Token;
      if (token < 0) throw new Error("no token could be sampled");
      isOpen = take(token) && token === draft[accepted];
      if (isOpen) accepted += 1;
    } catch (error) {
      failure = error; // thrown here, it would leave the other streams of the batch hanging
    }
  };
  await decodeAndKeep(sequence, [...tokens, ...draft], evaluate, {
    from: tokens.length - 1,
    mapper: sampleAt,
    kept: () => tokens.length + accepted,
  });
  if (failure !== null) throw failure;
  return accepted;
}
