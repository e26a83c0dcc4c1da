// Generates like LlamaContextSequence.evaluate(), and also reports the log probabilities of each token and of its likeliest
// alternatives: from the same decode, before temperature, penalties, biases, top-k and top-p cuts and grammars.

import type {
  LlamaContextSequence,
  LlamaModel,
  SequenceEvaluateOptions,
  Token,
} from "node-llama-cpp";
import {
  configureSampler,
  decodeTokens,
  type NativeSampler,
  newSampler,
  readLogits,
  sampleToken,
} from "../library-internals.ts";

/** Log probabilities at one position, of the token there and of the likeliest tokens, as ids without texts. */
export type RawLogprobs = {
  readonly logprob: number;
  readonly top: readonly { readonly token: number; readonly logprob: number }[];
};

export type LogprobEvaluation = {
  readonly model: LlamaModel;
  readonly sequence: LlamaContextSequence;
  readonly evaluate: SequenceEvaluateOptions;
  /** Number of likeliest tokens to report at each position, from 0. */
  readonly top: number;
};

/** Like `evaluate()`: yields each generated token, and continues with it or with the tokens that `next()` is given. */
export async function* evaluateWithLogprobs(
  firstTokens: readonly Token[],
  options: LogprobEvaluation & {
    readonly onLogprobs: (token: Token, logprobs: RawLogprobs) => void;
  },
): AsyncGenerator<Token, void, readonly Token[] | undefined> {
  const { model, sequence, evaluate, top, onLogprobs } = options;
  const sampler = newSampler(model);
  const plain = plainSampler(options);
  try {
    for (let tokens = firstTokens; ; ) {
      const logits = tokens.map((_, index) => index === tokens.length - 1);
      const results = await decodeTokens(sequence, tokens, logits, evaluate, async (index) => {
        configureSampler(sampler, sequence, evaluate);
        const token = (await sampleToken(sequence, index, sampler)) as Token;
        return { token, logprobs: await logprobsAt(index, { sequence, plain, token, top }) };
      });
      const result = results.at(-1);
      if (!result || result.token < 0) throw new Error("no token could be sampled");
      onLogprobs(result.token, result.logprobs);
      tokens = (yield result.token) ?? [result.token];
    }
  } finally {
    sampler.dispose();
    plain.dispose();
  }
}

/**
 * Reads tokens of a prompt, and returns for each of them how likely the token after it was.
 * @param following the token after each of these; the last may have none
 */
export async function readWithLogprobs(
  tokens: readonly Token[],
  following: readonly Token[],
  options: LogprobEvaluation,
): Promise<readonly RawLogprobs[]> {
  const { sequence, evaluate, top } = options;
  const plain = plainSampler(options);
  try {
    const logits = tokens.map((_, index) => index < following.length);
    const logprobs = await decodeTokens(sequence, tokens, logits, evaluate, (index, tokenIndex) =>
      logprobsAt(index, { sequence, plain, token: following[tokenIndex] ?? 0, top }),
    );
    return logprobs.filter((each) => each !== undefined);
  } finally {
    plain.dispose();
  }
}

/** A sampler that leaves the logits unchanged. */
function plainSampler({ model, sequence }: LogprobEvaluation): NativeSampler {
  const sampler = newSampler(model);
  configureSampler(sampler, sequence, { temperature: 0 });
  return sampler;
}

type Position = {
  readonly sequence: LlamaContextSequence;
  readonly plain: NativeSampler;
  readonly token: number;
  readonly top: number;
};

async function logprobsAt(
  logitIndex: number,
  { sequence, plain, token, top }: Position,
): Promise<RawLogprobs> {
  const least = Math.max(1, top); // the weights are relative to the highest logit
  const [, , , flat, totalWeight] = await readLogits(sequence, logitIndex, plain, token, least);
  const pairs = pairsOf(flat);
  const highest = pairs[0]?.value ?? 0;
  const logprob = (value: number) => value - highest - Math.log(totalWeight);
  const own = pairs.find((pair) => pair.token === token);
  return {
    logprob: logprob(own?.value ?? Number.NEGATIVE_INFINITY),
    top: pairs.slice(0, top).map((pair) => ({ token: pair.token, logprob: logprob(pair.value) })),
  };
}

function pairsOf(flat: readonly number[]) {
  const pairs: { readonly token: number; readonly value: number }[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2)
    pairs.push({ token: flat[at] ?? 0, value: flat[at + 1] ?? 0 });
  return pairs;
}
